/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * A program with a main loop of its own, GLib's, in a thread of its own: events of node devices come through
 * virEventRegisterImpl(). Built with the flags of glib-2.0.
 */
#include "event_common.h"

#include <glib-unix.h>
#include <glib.h>
#include <pthread.h>

#define REGISTER virConnectNodeDeviceEventRegisterAny
#define DEREGISTER virConnectNodeDeviceEventDeregisterAny

static GMainContext *context;
static GMainLoop *main_loop;

/* --- libvirt's event loop functions on GLib ------------------------------------ */

/* A watch or timer. Its number is the place in the table plus one. */
struct source {
    int fd;
    int value; /* events of a watch, milliseconds of a timer */
    virEventHandleCallback on_handle;
    virEventTimeoutCallback on_timer;
    void *opaque;
    virFreeCallback ff;
    GSource *source;
};

enum { MOST = 64 };
static struct source sources[MOST];
static int count;
static GMutex lock;
static int added, removed;

static gboolean call_handle(gint fd, GIOCondition condition, gpointer data)
{
    int number = GPOINTER_TO_INT(data), events = 0;
    struct source copy;

    g_mutex_lock(&lock);
    copy = sources[number - 1];
    g_mutex_unlock(&lock);
    if (condition & G_IO_IN)
        events |= VIR_EVENT_HANDLE_READABLE;
    if (condition & G_IO_OUT)
        events |= VIR_EVENT_HANDLE_WRITABLE;
    if (condition & (G_IO_ERR | G_IO_NVAL))
        events |= VIR_EVENT_HANDLE_ERROR;
    if (condition & G_IO_HUP)
        events |= VIR_EVENT_HANDLE_HANGUP;
    if (copy.source)
        copy.on_handle(number, fd, events, copy.opaque);
    return G_SOURCE_CONTINUE;
}

static gboolean call_timer(gpointer data)
{
    int number = GPOINTER_TO_INT(data);
    struct source copy;

    g_mutex_lock(&lock);
    copy = sources[number - 1];
    g_mutex_unlock(&lock);
    if (copy.source)
        copy.on_timer(number, copy.opaque);
    return G_SOURCE_CONTINUE;
}

/* Makes the GLib source of an entry anew; with `lock` held. */
static void attach(int number)
{
    struct source *entry = &sources[number - 1];
    GIOCondition condition = 0;
    GSource *source = NULL;

    if (entry->source) {
        g_source_destroy(entry->source);
        g_source_unref(entry->source);
        entry->source = NULL;
    }
    if (entry->on_handle && entry->value > 0) {
        if (entry->value & VIR_EVENT_HANDLE_READABLE)
            condition |= G_IO_IN;
        if (entry->value & VIR_EVENT_HANDLE_WRITABLE)
            condition |= G_IO_OUT;
        source = g_unix_fd_source_new(entry->fd, condition);
        g_source_set_callback(source, G_SOURCE_FUNC(call_handle), GINT_TO_POINTER(number), NULL);
    } else if (entry->on_timer && entry->value >= 0) {
        source = g_timeout_source_new((guint)entry->value);
        g_source_set_callback(source, call_timer, GINT_TO_POINTER(number), NULL);
    }
    if (source) {
        g_source_attach(source, context);
        entry->source = source;
    }
}

static int add(struct source entry)
{
    int number;

    g_mutex_lock(&lock);
    g_assert_cmpint(count, <, MOST);
    sources[count] = entry;
    number = ++count;
    added++;
    attach(number);
    g_mutex_unlock(&lock);
    return number;
}

static void change(int number, int value)
{
    g_mutex_lock(&lock);
    sources[number - 1].value = value;
    attach(number);
    g_mutex_unlock(&lock);
}

static gboolean call_free(gpointer data)
{
    struct source *entry = data;

    entry->ff(entry->opaque);
    g_free(entry);
    return G_SOURCE_REMOVE;
}

static int drop(int number)
{
    struct source entry;
    GSource *idle;

    g_mutex_lock(&lock);
    if (number < 1 || number > count || (!sources[number - 1].on_handle && !sources[number - 1].on_timer)) {
        g_mutex_unlock(&lock);
        return -1;
    }
    sources[number - 1].value = -1;
    attach(number);
    entry = sources[number - 1];
    sources[number - 1].on_handle = NULL;
    sources[number - 1].on_timer = NULL;
    removed++;
    g_mutex_unlock(&lock);
    if (entry.ff) { /* not within this call */
        idle = g_idle_source_new();
        g_source_set_callback(idle, call_free, g_memdup2(&entry, sizeof(entry)), NULL);
        g_source_attach(idle, context);
        g_source_unref(idle);
    }
    return 0;
}

static int add_handle(int fd, int events, virEventHandleCallback cb, void *opaque, virFreeCallback ff)
{
    struct source entry = { fd, events, cb, NULL, opaque, ff, NULL };

    return add(entry);
}

static int add_timeout(int frequency, virEventTimeoutCallback cb, void *opaque, virFreeCallback ff)
{
    struct source entry = { -1, frequency, NULL, cb, opaque, ff, NULL };

    return add(entry);
}

/* --- the test ------------------------------------------------------------------- */

static GThread *loop_thread;
static GAsyncQueue *told;
static int freed;

static void *run_loop(void *data)
{
    g_main_context_push_thread_default(context);
    g_main_loop_run(main_loop);
    g_main_context_pop_thread_default(context);
    return data;
}

static void lifecycle(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    char *xml = virNodeDeviceGetXMLDesc(device, 0);

    (void)conn;
    assert(g_thread_self() == loop_thread && detail == 0 && opaque == &freed);
    assert((xml != NULL) == (event == VIR_NODE_DEVICE_EVENT_CREATED));
    free(xml);
    g_async_queue_push(told, g_strdup_printf("%d %s", event, virNodeDeviceGetName(device)));
}

static void leave(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    (void)device;
    assert(g_thread_self() == loop_thread);
    assert(virConnectNodeDeviceEventDeregisterAny(conn, *(int *)opaque) == 0);
    g_async_queue_push(told, g_strdup("left"));
}

static void on_free(void *opaque)
{
    assert(opaque == &freed);
    freed++;
}

static void expect(const char *expected)
{
    char *got = g_async_queue_timeout_pop(told, 20 * G_USEC_PER_SEC);

    g_assert_cmpstr(got, ==, expected);
    g_free(got);
}

static void expect_pair(const char *verb, const char *one, const char *other)
{
    char text[100];

    snprintf(text, sizeof(text), "%s %s", verb, one);
    expect(text);
    snprintf(text, sizeof(text), "%s %s", verb, other);
    expect(text);
}

static void on_timer(int timer, void *opaque)
{
    int *left = opaque;

    assert(g_thread_self() == loop_thread);
    if (--*left == 0) {
        virEventUpdateTimeout(timer, -1);
        g_async_queue_push(told, g_strdup("timer"));
    }
}

int main(void)
{
    virConnectPtr conn;
    int id, leaver, timer, left = 3;

    need_own_network();
    virSetErrorFunc(NULL, ignore_error);
    context = g_main_context_new();
    main_loop = g_main_loop_new(context, FALSE);
    told = g_async_queue_new();
    virEventRegisterImpl(add_handle, change, drop, add_timeout, change, drop);
    assert(virEventRegisterDefaultImpl() == 0); /* comes too late */

    loop_thread = g_thread_new("loop", run_loop, NULL);
    conn = virConnectOpen(HOST_URI);
    assert(conn);
    id = REGISTER(conn, NULL, VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, CALLBACK(lifecycle), &freed, on_free);
    assert(id == 0 && added == 1);
    make_pair();
    expect_pair("0", PAIR_1, PAIR_0);
    remove_pair();
    expect_pair("1", PAIR_0, PAIR_1);
    leaver = REGISTER(conn, NULL, VIR_NODE_DEVICE_EVENT_ID_UPDATE, CALLBACK(leave), &leaver, NULL);
    assert(leaver == 1 && added == 1);
    change_loopback();
    expect("left");
    assert(DEREGISTER(conn, leaver) == -1);
    timer = virEventAddTimeout(1, on_timer, &left, NULL);
    expect("timer");
    assert(virEventRemoveTimeout(timer) == 0 && virEventRemoveTimeout(timer) == -1);
    assert(removed == 1);
    assert(DEREGISTER(conn, id) == 0 && freed == 1);
    assert(removed == 2 && count == 2); /* its watch ended with the last registration */
    assert(virConnectClose(conn) == 0);

    g_main_loop_quit(main_loop);
    g_thread_join(loop_thread);
    g_main_loop_unref(main_loop);
    g_main_context_unref(context);
    g_async_queue_unref(told);
    return 0;
}
