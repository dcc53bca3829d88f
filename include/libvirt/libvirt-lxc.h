/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Lets programs compile unchanged that include it beside libvirt.h. None of libvirt's LXC functions
 * concerns node devices, and none is declared. */
#ifndef VIRNODEDEV_LIBVIRT_LXC_H
#define VIRNODEDEV_LIBVIRT_LXC_H

#include <virnodedev.h>

#endif
