/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Error handlers: the default printer's text, the global handler, a connection's own. */
#include "common.h"

#include <unistd.h>

struct seen {
    int calls;
    int code;
    char message[200];
};

static void record(void *data, virErrorPtr error)
{
    struct seen *seen = data;

    seen->calls++;
    seen->code = error->code;
    snprintf(seen->message, sizeof(seen->message), "%s", error->message);
}

/* Runs ACT with stderr sent to a file and returns what was printed. */
static const char *printed(void (*act)(virConnectPtr), virConnectPtr conn)
{
    static char text[2000];
    FILE *file = tmpfile();
    int saved = dup(2);
    size_t n;

    assert(file && saved >= 0);
    assert(dup2(fileno(file), 2) == 2);
    act(conn);
    fflush(stderr);
    assert(dup2(saved, 2) == 2);
    close(saved);
    rewind(file);
    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

static void look_up_nosuch(virConnectPtr conn)
{
    assert(!virNodeDeviceLookupByName(conn, "nosuch"));
}

static void close_null(virConnectPtr conn)
{
    (void)conn;
    assert(virConnectClose(NULL) == -1);
}

static void parent_of_computer(virConnectPtr conn)
{
    virNodeDevicePtr computer = virNodeDeviceLookupByName(conn, "computer");

    assert(computer && !virNodeDeviceGetParent(computer) && virNodeDeviceFree(computer) == 0);
}

/* Prints an error of the test's own making. */
static void print_made_up(int code, int domain, virErrorLevel level, const char *message, int int1)
{
    virError e;
    char text[100];

    memset(&e, 0, sizeof(e));
    snprintf(text, sizeof(text), "%s", message);
    e.code = code;
    e.domain = domain;
    e.level = level;
    e.message = text;
    e.int1 = int1;
    virDefaultErrorFunc(&e);
}

static void print_forms(virConnectPtr conn)
{
    (void)conn;
    print_made_up(1, 22, VIR_ERR_WARNING, "careful\n", -1);
    print_made_up(1, 9999, VIR_ERR_NONE, "what", -1);
    print_made_up(35, 5, VIR_ERR_ERROR, "bad\n", 7);
    print_made_up(35, 5, VIR_ERR_ERROR, "whole", 0);
    print_made_up(0, 22, VIR_ERR_ERROR, "never", -1);
    virDefaultErrorFunc(NULL);
}

int main(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");
    struct seen global = { 0, 0, "" }, own = { 0, 0, "" };
    const char *text;

    assert(conn);
    text = printed(look_up_nosuch, conn);
    assert(strcmp(text, "libvirt: Test Driver error : Node device not found: "
                        "no node device with matching name 'nosuch'\n") == 0);
    text = printed(close_null, conn);
    assert(strcmp(text, "libvirt:  error : invalid connection pointer in virConnectClose\n") == 0);
    text = printed(parent_of_computer, conn);
    assert(strcmp(text, "") == 0);
    text = printed(print_forms, conn);
    assert(strcmp(text, "libvirt: Node Device Driver warning : careful\n"
                        "libvirt: Unknown  : what\n"
                        "libvirt: XML Util error : line 7: bad\n"
                        "libvirt: XML Util error : whole\n") == 0 ||
           !fprintf(stderr, "%s", text));

    virSetErrorFunc(&global, record);
    text = printed(look_up_nosuch, conn);
    assert(strcmp(text, "") == 0 && global.calls == 1 && global.code == VIR_ERR_NO_NODE_DEVICE);
    assert(strstr(global.message, "'nosuch'"));

    virConnSetErrorFunc(NULL, &own, record); /* ignored */
    virConnSetErrorFunc(conn, &own, record);
    look_up_nosuch(conn);
    assert(global.calls == 1 && own.calls == 1 && own.code == VIR_ERR_NO_NODE_DEVICE);
    close_null(conn); /* no connection, so the global one */
    assert(global.calls == 2 && global.code == VIR_ERR_INVALID_CONN && own.calls == 1);
    assert(!virConnectOpen("bogus:///x"));
    assert(global.calls == 3 && global.code == VIR_ERR_NO_CONNECT);

    virConnSetErrorFunc(conn, NULL, NULL);
    look_up_nosuch(conn);
    assert(global.calls == 4 && own.calls == 1);
    virSetErrorFunc(NULL, NULL);
    text = printed(look_up_nosuch, conn);
    assert(strncmp(text, "libvirt: Test Driver error : ", 29) == 0 && global.calls == 4);

    assert(virConnectClose(conn) == 0);
    return 0;
}
