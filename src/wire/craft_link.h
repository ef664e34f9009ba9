/* craft_link: inside of craft: the link header. */
#ifndef TFOMAP_CRAFT_LINK_H
#define TFOMAP_CRAFT_LINK_H

#include <libnet.h>

#include "wire/craft.h"

/* Builds the link header that link asks for, the outermost. -1: libnet says why. */
int craft_link_header(libnet_t *l, const struct craft_link *link, uint16_t ethertype);

#endif
