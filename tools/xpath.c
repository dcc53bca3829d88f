/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * Finds what an XPath expression selects of a document, and writes it as `virsh --xpath` does. libxml2 evaluates
 * the expression. It is loaded when --xpath is given: without it the rest of the program works.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "nodedev.h"

/* libxml2's sonames. The functions that are used here have the same ABI in each. */
static const char *const sonames[] = { "libxml2.so.2", "libxml2.so.16" };

/* The first members of libxml2's public structures. */
struct node {
    void *private;
    int type;
};
struct node_set {
    int count;
    int size;
    struct node **nodes;
};
struct result {
    int type;
    struct node_set *nodes;
};
struct failure {
    int domain;
    int code;
    char *message;
};

/* Values of libxml2's enumerations, and bits of its parser's options. */
enum {
    RESULT_NODE_SET = 1,
    NODE_DOCUMENT = 9,
    NODE_NAMESPACE = 18,
    PARSE_NO_BLANKS = 1 << 8,
    PARSE_NO_NETWORK = 1 << 11
};

typedef unsigned char utf8;
typedef void text_function(void *data, const char *format, ...);
typedef void error_function(void *data, struct failure *failure);

/* libxml2's functions: what each returns, its name and its parameters. */
#define FUNCTIONS(FUNCTION) \
    FUNCTION(void, xmlSetStructuredErrorFunc, (void *data, error_function *function)) \
    FUNCTION(void, xmlSetGenericErrorFunc, (void *data, text_function *function)) \
    FUNCTION(void *, xmlReadMemory, (const char *text, int size, const char *url, const char *encoding, int options)) \
    FUNCTION(struct node *, xmlDocGetRootElement, (void *document)) \
    FUNCTION(void, xmlFreeDoc, (void *document)) \
    FUNCTION(void *, xmlXPathNewContext, (void *document)) \
    FUNCTION(struct result *, xmlXPathNodeEval, (struct node *node, const utf8 *expression, void *context)) \
    FUNCTION(void, xmlXPathFreeObject, (struct result *result)) \
    FUNCTION(void, xmlXPathFreeContext, (void *context)) \
    FUNCTION(struct node *, xmlNewDocNode, (void *document, void *namespace, const utf8 *name, const utf8 *content)) \
    FUNCTION(struct node *, xmlDocCopyNode, (struct node *node, void *document, int deep)) \
    FUNCTION(struct node *, xmlAddChild, (struct node *parent, struct node *child)) \
    FUNCTION(void, xmlFreeNode, (struct node *node)) \
    FUNCTION(void *, xmlBufferCreate, (void)) \
    FUNCTION(int, xmlNodeDump, (void *buffer, void *document, struct node *node, int level, int format)) \
    FUNCTION(int, xmlBufferCat, (void *buffer, const utf8 *text)) \
    FUNCTION(const utf8 *, xmlBufferContent, (const void *buffer)) \
    FUNCTION(void, xmlBufferFree, (void *buffer))

#define MEMBER(type, name, parameters) type(*name) parameters;
static struct {
    FUNCTIONS(MEMBER)
} libxml;

/* A document, and the expression that selects something of it. */
struct query {
    void *document;
    const char *expression;
    char reason[200]; /* libxml2's last error message */
};

static void keep_reason(void *data, struct failure *failure)
{
    struct query *query = data;
    const char *text = failure->message != NULL ? failure->message : "";
    size_t length = strcspn(text, "\n");

    if (length >= sizeof(query->reason))
        length = sizeof(query->reason) - 1;
    memcpy(query->reason, text, length);
    query->reason[length] = '\0';
}

/* Drops what libxml2 would print on standard error, which is the same message. */
static void ignore_text(void *data, const char *format, ...)
{
    (void)data;
    (void)format;
}

/* Loads libxml2. Returns 0, or -1 after an error line. */
static int load(void)
{
    void *library = NULL;
    int complete = 1;
    size_t i;

    for (i = 0; library == NULL && i < sizeof(sonames) / sizeof(sonames[0]); i++)
        library = dlopen(sonames[i], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        complain("Option --xpath needs libxml2, which is not here: install the package libxml2 "
                 "(its newest versions: libxml2-16)");
        return -1;
    }
    /* POSIX's way to make a pointer to a function of what dlsym() returns. */
#define FIND(type, name, parameters) \
    *(void **)&libxml.name = dlsym(library, #name); \
    complete = complete && libxml.name != NULL;
    FUNCTIONS(FIND)
    if (!complete) {
        complain("Option --xpath needs libxml2 2.9.1 or newer, with XPath");
        return -1;
    }
    return 0;
}

static void complain_expression(const struct query *query)
{
    if (query->reason[0] != '\0')
        complain("internal error: Incorrect xpath '%s': %s", query->expression, query->reason);
    else
        complain("internal error: Incorrect xpath '%s'", query->expression);
}

/* Whether XML can be written of every node. It cannot of namespaces, which the library's documents do not have. */
static int all_printable(const struct node_set *set)
{
    int i;

    for (i = 0; i < set->count; i++) {
        if (set->nodes[i]->type == NODE_NAMESPACE)
            return 0;
    }
    return 1;
}

/* Adds a node and a newline. Returns 0, or -1 when memory is short. */
static int put_node(void *buffer, const struct query *query, struct node *node)
{
    if (libxml.xmlNodeDump(buffer, query->document, node, 0, 1) < 0)
        return -1;
    return libxml.xmlBufferCat(buffer, (const utf8 *)"\n") == 0 ? 0 : -1;
}

static int put_each(void *buffer, const struct query *query, const struct node_set *set)
{
    int status = 0;
    int i;

    for (i = 0; i < set->count && status == 0; i++)
        status = put_node(buffer, query, set->nodes[i]);
    return status;
}

/* Adds one element with the nodes as its children. Returns 0, or -1 when memory is short. */
static int put_wrapped(void *buffer, const struct query *query, const struct node_set *set)
{
    struct node *root = libxml.xmlNewDocNode(query->document, NULL, (const utf8 *)"nodes", NULL);
    int status = root != NULL ? 0 : -1;
    int i;

    for (i = 0; i < set->count && status == 0; i++) {
        struct node *node = set->nodes[i];
        struct node *copy;

        if (node->type == NODE_DOCUMENT)
            node = libxml.xmlDocGetRootElement(query->document);
        copy = libxml.xmlDocCopyNode(node, query->document, 1);
        if (copy == NULL || libxml.xmlAddChild(root, copy) == NULL)
            status = -1;
    }
    if (status == 0)
        status = put_node(buffer, query, root);
    if (root != NULL)
        libxml.xmlFreeNode(root);
    return status;
}

/* Writes a set of nodes into a string that the caller frees. NULL after an error line. */
static char *set_to_text(const struct query *query, const struct node_set *set, int wrap)
{
    void *buffer = libxml.xmlBufferCreate();
    char *text = NULL;

    if (buffer != NULL && (wrap ? put_wrapped : put_each)(buffer, query, set) == 0)
        text = strdup((const char *)libxml.xmlBufferContent(buffer));
    if (text == NULL)
        complain("out of memory");
    if (buffer != NULL)
        libxml.xmlBufferFree(buffer);
    return text;
}

/* Evaluates the expression. NULL after an error line. */
static char *evaluate(const struct query *query, int wrap)
{
    static const struct node_set nothing = { 0, 0, NULL };
    void *context = libxml.xmlXPathNewContext(query->document);
    struct result *result = NULL;
    const struct node_set *set;
    char *text = NULL;

    if (context != NULL)
        result = libxml.xmlXPathNodeEval(libxml.xmlDocGetRootElement(query->document),
                                         (const utf8 *)query->expression, context);
    set = result != NULL && result->nodes != NULL ? result->nodes : &nothing;
    if (result == NULL || result->type != RESULT_NODE_SET || !all_printable(set))
        complain_expression(query);
    else
        text = set_to_text(query, set, wrap);
    if (result != NULL)
        libxml.xmlXPathFreeObject(result);
    if (context != NULL)
        libxml.xmlXPathFreeContext(context);
    return text;
}

char *xpath_select(const char *xml, const char *expression, int wrap)
{
    struct query query = { NULL, expression, "" };
    size_t length = strlen(xml);
    char *text = NULL;

    if (load() < 0)
        return NULL;
    libxml.xmlSetStructuredErrorFunc(&query, keep_reason);
    libxml.xmlSetGenericErrorFunc(NULL, ignore_text);
    if (length <= INT_MAX)
        query.document = libxml.xmlReadMemory(xml, (int)length, NULL, NULL, PARSE_NO_BLANKS | PARSE_NO_NETWORK);
    if (query.document != NULL) {
        text = evaluate(&query, wrap);
        libxml.xmlFreeDoc(query.document);
    } else {
        complain("libxml2 cannot read the document: %s", query.reason);
    }
    libxml.xmlSetStructuredErrorFunc(NULL, NULL);
    return text;
}
