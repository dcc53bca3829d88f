/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* The page of nodedev report, which is made from tools/report. */
#ifndef REPORT_H
#define REPORT_H

/* Its lines, the last one NULL. In place of @nonce@ comes a number that nobody can guess, in place of the line @data@
 * what the page shows. */
extern const char *const report_page[];

#endif
