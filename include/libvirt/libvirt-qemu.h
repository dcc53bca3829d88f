/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Lets programs compile unchanged that include it beside libvirt.h. None of libvirt's QEMU functions
 * concerns node devices, and none is declared. */
#ifndef VIRNODEDEV_LIBVIRT_QEMU_H
#define VIRNODEDEV_LIBVIRT_QEMU_H

#include <virnodedev.h>

#endif
