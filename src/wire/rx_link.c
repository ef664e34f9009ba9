#include "wire/rx_link.h"

#include <pcap/dlt.h>
#include <stddef.h>

#include "bytes.h"

#define ETHERTYPE_V4	0x0800
#define ETHERTYPE_V6	0x86dd
#define ETHERTYPE_PPPOE	0x8864		/* of a session */
#define PPPOE_LEN	6
#define PPP_V4		0x0021
#define PPP_V6		0x0057
#define LABEL_LEN	4		/* MPLS */
#define LABEL_BOTTOM	0x01		/* in its third byte */
#define TAG_LEN		4
#define STACK_MAX	8		/* tags, and labels, that are read through */

static const struct rx_link links[] = {
	{ DLT_EN10MB, 14, 12 }, { DLT_LINUX_SLL, 16, 14 }, { DLT_LINUX_SLL2, 20, 0 },
	{ DLT_RAW, 0, -1 }, { DLT_IPV4, 0, -1 }, { DLT_IPV6, 0, -1 }, { DLT_NULL, 4, -1 },
	{ DLT_LOOP, 4, -1 },
};

const struct rx_link *rx_link_find(int dlt)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (links[i].dlt == dlt)
			return &links[i];
	return NULL;
}

static bool is_tag(uint16_t type)
{
	/* 802.1Q, 802.1ad, and what was used for that before. */
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

static bool is_label(uint16_t type)
{
	return type == 0x8847 || type == 0x8848;
}

/* After MPLS labels only the first bits say what comes (RFC 3032 2.2, RFC 4928). */
static bool skip_labels(const uint8_t *p, uint32_t caplen, uint32_t *at, uint16_t *type)
{
	bool bottom = false;

	for (int i = 0; i < STACK_MAX && !bottom && caplen - *at >= LABEL_LEN; i++) {
		bottom = p[*at + 2] & LABEL_BOTTOM;
		*at += LABEL_LEN;
	}
	if (!bottom || *at >= caplen)
		return false;
	*type = p[*at] >> 4 == 4 ? ETHERTYPE_V4 : p[*at] >> 4 == 6 ? ETHERTYPE_V6 : 0;
	return *type != 0;
}

/* The header of a PPPoE session, and PPP's (RFC 2516 4, 6). */
static bool skip_pppoe(const uint8_t *p, uint32_t caplen, uint32_t *at, uint16_t *type)
{
	uint16_t protocol;

	if (caplen - *at < PPPOE_LEN + 2)
		return false;
	protocol = get_be16(p + *at + PPPOE_LEN);
	*at += PPPOE_LEN + 2;
	*type = protocol == PPP_V4 ? ETHERTYPE_V4 : protocol == PPP_V6 ? ETHERTYPE_V6 : 0;
	return *type != 0;
}

bool rx_link_read(const struct rx_link *link, const uint8_t *p, uint32_t caplen, uint32_t *at,
		  uint16_t *type)
{
	uint16_t inner;

	*type = 0;
	*at = link ? link->len : 0;
	if (caplen < *at)
		return false;
	if (!link || link->type_at < 0)
		return true;
	*type = get_be16(p + link->type_at);
	for (int i = 0; i < STACK_MAX && is_tag(*type) && caplen - *at >= TAG_LEN; i++) {
		*at += TAG_LEN;
		*type = get_be16(p + *at - 2);
	}
	inner = *type;
	if (is_label(*type) ? !skip_labels(p, caplen, at, &inner)
	    : *type == ETHERTYPE_PPPOE && !skip_pppoe(p, caplen, at, &inner))
		return false;
	*type = inner;
	return true;
}

bool rx_link_read_ip(const struct rx_link *link, const uint8_t *p, uint32_t caplen, uint32_t *at,
		     uint16_t *type)
{
	return rx_link_read(link, p, caplen, at, type)
	       && (link->type_at < 0 || *type == ETHERTYPE_V4 || *type == ETHERTYPE_V6);
}
