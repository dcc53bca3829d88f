/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Names as a tree, drawn as virsh draws it. */
#include <stdlib.h>
#include <string.h>

#include "nodedev.h"

enum { NONE = -1 };

struct tree {
    const char *const *names;
    int *first_child;
    int *next_sibling;
    char *indent;      /* what stands before the current line */
    size_t length;
    size_t size;
};

static int indent_append(struct tree *tree, const char *text)
{
    size_t wanted = tree->length + strlen(text) + 1;

    if (wanted > tree->size) {
        char *bigger = realloc(tree->indent, wanted * 2);

        if (bigger == NULL)
            return -1;
        tree->indent = bigger;
        tree->size = wanted * 2;
    }
    strcpy(tree->indent + tree->length, text);
    tree->length = wanted - 1;
    return 0;
}

static void indent_cut(struct tree *tree, size_t length)
{
    tree->length = length;
    tree->indent[length] = '\0';
}

static int print_branch(struct tree *tree, int node, int is_root)
{
    size_t length = tree->length;
    int is_last = tree->next_sibling[node] == NONE;
    int child = tree->first_child[node];

    put("%s%s%s\n", tree->indent, is_root ? "" : "+- ", tree->names[node]);
    if (!is_root && indent_append(tree, is_last ? "  " : "| ") < 0)
        return -1;
    if (child == NONE && is_last)
        put("%s\n", tree->indent);
    if (child != NONE) {
        if (indent_append(tree, "  ") < 0)
            return -1;
        put("%s|\n", tree->indent);
        for (; child != NONE; child = tree->next_sibling[child]) {
            if (print_branch(tree, child, 0) < 0)
                return -1;
        }
    }
    indent_cut(tree, length);
    return 0;
}

int tree_print(const char *const *names, const int *parents, int count)
{
    struct tree tree = { names, NULL, NULL, NULL, 0, 0 };
    size_t bytes = ((size_t)count + 1) * sizeof(int);
    int result = -1;
    int i;

    tree.first_child = malloc(bytes);
    tree.next_sibling = malloc(bytes);
    if (tree.first_child == NULL || tree.next_sibling == NULL || indent_append(&tree, "") < 0)
        goto cleanup;
    for (i = 0; i < count; i++) {
        tree.first_child[i] = NONE;
        tree.next_sibling[i] = NONE;
    }
    /* Backwards, because each one is put in front of its siblings. */
    for (i = count - 1; i >= 0; i--) {
        int parent = parents[i];

        if (parent != NONE) {
            tree.next_sibling[i] = tree.first_child[parent];
            tree.first_child[parent] = i;
        }
    }
    for (i = 0; i < count; i++) {
        if (parents[i] == NONE && print_branch(&tree, i, 1) < 0)
            goto cleanup;
    }
    result = 0;

 cleanup:
    free(tree.first_child);
    free(tree.next_sibling);
    free(tree.indent);
    return result;
}
