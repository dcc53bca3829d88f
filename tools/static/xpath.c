/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * In place of ../xpath.c where the program has everything in it (`make static`): such a program cannot load libxml2.
 */
#include "../nodedev.h"

char *xpath_select(const char *xml, const char *expression, int wrap)
{
    (void)xml;
    (void)expression;
    (void)wrap;
    complain("Option --xpath needs libxml2, which this program cannot load: it was built without shared libraries");
    return NULL;
}
