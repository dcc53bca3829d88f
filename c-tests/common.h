/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * What the C tests share. Each test is one program; it ends with status 0 or stops in an assert.
 */
#ifndef TEST_COMMON_H
#define TEST_COMMON_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* setenv, barriers */
#endif
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <virnodedev.h>

/* Size of an array. */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The folder of a recorded machine, "base" of tests/data/machines; the test runner extracts it. */
static inline const char *machine_uri(void)
{
    static char uri[4096];
    const char *root = getenv("VND_TEST_TREE");

    assert(root && "VND_TEST_TREE names an extracted recording");
    if (!uri[0]) /* written once, by the first thread */
        snprintf(uri, sizeof(uri), "nodedev:///embed?root=%s", root);
    return uri;
}

static inline int same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Compares every field of the last error of this thread and clears it. */
static inline void expect_error(int line, int code, int domain, const char *message, const char *str1,
                                const char *str2, int int1, int int2)
{
    virErrorPtr e = virGetLastError();

    if (!e) {
        fprintf(stderr, "line %d: no error, expected: %s\n", line, message);
        abort();
    }
    if (e->code != code || e->domain != domain || e->level != VIR_ERR_ERROR || !same(e->message, message) ||
        !same(e->str1, str1) || !same(e->str2, str2) || e->str3 || e->int1 != int1 || e->int2 != int2 ||
        e->conn || e->dom || e->net) {
        fprintf(stderr, "line %d: got      %d %d %d '%s' '%s' '%s' '%s' %d %d\n", line, e->code, e->domain,
                e->level, e->message, e->str1 ? e->str1 : "(null)", e->str2 ? e->str2 : "(null)",
                e->str3 ? e->str3 : "(null)", e->int1, e->int2);
        fprintf(stderr, "line %d: expected %d %d 2 '%s' '%s' '%s' '(null)' %d %d\n", line, code, domain, message,
                str1 ? str1 : "(null)", str2 ? str2 : "(null)", int1, int2);
        abort();
    }
    assert(virGetLastErrorCode() == code && virGetLastErrorDomain() == domain);
    assert(same(virGetLastErrorMessage(), message));
    virResetLastError();
    assert(!virGetLastError());
}

/* An error whose text is FORMAT with DETAIL in the place of %1$s. */
#define EXPECT_NORMAL(code, domain, prefix, detail) \
    expect_error(__LINE__, code, domain, prefix detail, prefix "%1$s", detail, -1, -1)
/* A refused argument: function and argument names, and a text of its own. */
#define EXPECT_ARGUMENT(domain, function, argument, text) \
    expect_error(__LINE__, VIR_ERR_INVALID_ARG, domain, text, function, argument, 0, 0)
#define EXPECT_BAD_CONN(domain, function) \
    EXPECT_NORMAL(VIR_ERR_INVALID_CONN, domain, "invalid connection pointer in ", function)
#define EXPECT_BAD_DEVICE(function) \
    EXPECT_NORMAL(VIR_ERR_INVALID_NODE_DEVICE, VIR_FROM_NODEDEV, "invalid node device pointer in ", function)

#endif
