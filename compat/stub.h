/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * What a stub of one of libvirt's functions is made of: one macro for each word in the last column
 * of symbols.tsv. stubs.awk writes a line with one of them for each symbol.
 *
 * A stub declares only the parameters that it needs, which are the first ones; C callers pass theirs
 * in the same places whatever follows. Where libvirt's function takes no pointer first, the stub sees
 * some number, which is looked up as a handle and never followed.
 */
#ifndef VND_STUB_H
#define VND_STUB_H

#include <stddef.h>

typedef void (*vndStubFree)(void *opaque);

/* In libvirnodedev.so.0. */
void vndStubRefuse(const void *first, const char *function);
int vndStubCount(void *conn, const char *function);
int vndStubList(void *conn, void *objects, const char *function);
int vndStubRegister(void *conn, void *callback, void *opaque, vndStubFree freecb, const char *function);
int vndStubDeregister(void *conn, int id, const char *function);
int vndStubDeregisterCallback(void *conn, void *callback, const char *function);

/* No header declares stubs: nobody calls them by their prototypes here. */
#define FAIL(type, name, value) \
    type name(const void *first); \
    type name(const void *first) \
    { \
        vndStubRefuse(first, #name); \
        return value; \
    }

#define NOTHING(name) \
    void name(void); \
    void name(void) {}

#define DONE(name) \
    int name(void); \
    int name(void) { return 0; }

#define COUNT(name) \
    int name(void *conn); \
    int name(void *conn) { return vndStubCount(conn, #name); }

#define LIST(name) \
    int name(void *conn, void *objects); \
    int name(void *conn, void *objects) { return vndStubList(conn, objects, #name); }

/* The object and the event asked for do not matter: no event comes. */
#define REGISTER(name) \
    int name(void *conn, void *object, int event, void *callback, void *opaque, vndStubFree freecb); \
    int name(void *conn, void *object, int event, void *callback, void *opaque, vndStubFree freecb) \
    { \
        (void)object; \
        (void)event; \
        return vndStubRegister(conn, callback, opaque, freecb, #name); \
    }

#define DEREGISTER(name) \
    int name(void *conn, int id); \
    int name(void *conn, int id) { return vndStubDeregister(conn, id, #name); }

#define REGISTER_CALLBACK(name) \
    int name(void *conn, void *callback, void *opaque, vndStubFree freecb); \
    int name(void *conn, void *callback, void *opaque, vndStubFree freecb) \
    { \
        return vndStubRegister(conn, callback, opaque, freecb, #name) < 0 ? -1 : 0; \
    }

#define DEREGISTER_CALLBACK(name) \
    int name(void *conn, void *callback); \
    int name(void *conn, void *callback) { return vndStubDeregisterCallback(conn, callback, #name); }

/*
 * What libvirnodedev.so.0 has. The libraries are filters of it (DT_FILTER): the loader looks there
 * first, and this place is never reached; it is there for the name and its version.
 */
#define REAL(name) FAIL(int, name, -1)

#define REAL_DATA(name) \
    extern void *name; \
    void *name = NULL;

#endif
