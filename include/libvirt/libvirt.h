/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Lets programs written for libvirt's node devices compile unchanged: connections, errors, events and node devices are
 * declared, domains, networks and the like are not. */
#ifndef VIRNODEDEV_LIBVIRT_H
#define VIRNODEDEV_LIBVIRT_H

#include <virnodedev.h>

#endif
