/* iface_xdp: whether an interface's driver takes frames by XDP. Main thread, before the scan. */
#ifndef TFOMAP_IFACE_XDP_H
#define TFOMAP_IFACE_XDP_H

enum iface_xdp { IFACE_XDP_NO, IFACE_XDP_YES, IFACE_XDP_UNKNOWN };

/* By its index; unknown where the kernel does not report it (before Linux 6.3). */
enum iface_xdp iface_xdp_transmits(int index);

#endif
