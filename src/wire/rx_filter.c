#include "wire/rx_filter.h"

#include <stdio.h>

#include "icmp.h"

/* The list of icmp.h in libpcap's language. */
#define TEXT_OF(x)	#x
#define TEXT(x)		TEXT_OF(x)
#define ERROR_V4(type, but) " or (icmp[0] = " TEXT(type) " and icmp[1] != " TEXT(but) ")"
#define ERROR_V6(type, but) " or (icmp6 and ip6[40] = " TEXT(type) " and ip6[41] != " TEXT(but) ")"

/* ACK or RST set; libpcap's tcp[] reads IPv4 only, so IPv6 goes by the port alone. */
void rx_filter(uint16_t port_first, uint16_t port_last, bool arp, bool solicitations,
	       char out[static RX_FILTER_LEN])
{
	snprintf(out, RX_FILTER_LEN,
		 "(ip and tcp dst portrange %u-%u and tcp[tcpflags] & (tcp-ack|tcp-rst) != 0)"
		 " or (ip6 and tcp dst portrange %u-%u)"
		 ICMP_ERRORS_V4(ERROR_V4) ICMP_ERRORS_V6(ERROR_V6) "%s%s", port_first, port_last,
		 port_first, port_last, arp ? " or (arp and arp[6:2] = 1)" : "",
		 solicitations ? " or (icmp6 and ip6[40] = 135)" : "");
}
