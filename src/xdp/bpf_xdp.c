#include "xdp/bpf_xdp.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static int __attribute__((format(printf, 2, 0)))
on_message(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug("%s", line);
	return 0;
}

void bpf_xdp_listen(void)
{
	libbpf_set_print(on_message);
}

const char *bpf_xdp_advice(int error)
{
	return error == -EPERM || error == -EACCES
	       ? "; it takes root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON outside of any user "
		 "namespace"
	       : "";
}
