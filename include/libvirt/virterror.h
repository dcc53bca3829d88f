/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Lets programs written for libvirt's errors compile unchanged. */
#ifndef VIRNODEDEV_VIRTERROR_H
#define VIRNODEDEV_VIRTERROR_H

#include <virnodedev.h>

#endif
