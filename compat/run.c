/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* virnodedev-run: runs a program that was built for libvirt on this library. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <virnodedev.h>

/* Exit status, as env(1) and nice(1) have it. */
#define OWN_ERROR 125
#define CANNOT_RUN 126
#define NOT_FOUND 127

/* Below a folder of libraries. */
#define COMPAT_NAME "virnodedev/compat"

/* Libraries under libvirt's names, and the one that goes in front of libvirt's own. */
static char folder[PATH_MAX] = LIBRARY_DIR "/" COMPAT_NAME;
static char preload[PATH_MAX + sizeof("/libvirnodedev-preload.so.0")];

/* A program that needs libvirt's private functions needs a version node of this name. */
static const char private_node[] = "LIBVIRT_PRIVATE_";

static const char usage[] =
    "Usage: virnodedev-run [OPTION] COMMAND [ARGUMENT...]\n"
    "Run a program that was built for libvirt on virnodedev, as it is.\n"
    "\n"
    "  -l, --library-path  put our libvirt.so.0 in the place of libvirt's (LD_LIBRARY_PATH)\n"
    "  -p, --preload       load our functions in front of libvirt's (LD_PRELOAD)\n"
    "  -n, --print         print the variable that would be set, and run nothing\n"
    "  -h, --help          print this help\n"
    "  -V, --version       print the version\n"
    "\n"
    "Without -l or -p the dynamic loader is asked what COMMAND needs. If that includes private\n"
    "functions of libvirt (LIBVIRT_PRIVATE_..., as virsh does), which only libvirt itself has, it is -p,\n"
    "otherwise, for scripts and static programs too, it is -l. Programs that COMMAND runs inherit the\n"
    "choice: for a script that calls virsh say -p.\n"
    "\n"
    "The exit status is that of COMMAND; 125 if virnodedev-run itself fails, 126 if COMMAND cannot be\n"
    "run, 127 if it is not found.\n";

enum mode { DECIDE, LIBRARY_PATH, PRELOAD };

__attribute__((noreturn, format(printf, 2, 3))) static void fail(int status, const char *format, ...)
{
    va_list arguments;

    fputs("virnodedev-run: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(status);
}

/* The libraries are where the tree has them in which this program is, which may have been moved; or else
 * where it was installed. */
static void find_folder(void)
{
    char path[2 * PATH_MAX], found[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);

    if (length > 0) {
        path[length] = '\0';
        strcpy(strrchr(path, '/') + 1, LIBRARY_RELATIVE "/" COMPAT_NAME);
        if (realpath(path, found))
            strcpy(folder, found);
    }
}

/* The file that execvp() will find, or NULL. It is the caller's to free. */
static char *find_program(const char *name)
{
    const char *path = getenv("PATH"), *end;
    char *file;
    struct stat info;

    if (strchr(name, '/'))
        return strdup(name);
    for (path = path ? path : "/bin:/usr/bin"; path; path = *end ? end + 1 : NULL) {
        end = strchrnul(path, ':');
        if (asprintf(&file, "%.*s%s%s", (int)(end - path), path, end > path ? "/" : "./", name) < 0)
            return NULL;
        if (access(file, X_OK) == 0 && stat(file, &info) == 0 && S_ISREG(info.st_mode))
            return file;
        free(file);
    }
    return NULL;
}

static bool read_at(int fd, void *to, size_t size, off_t offset)
{
    return pread(fd, to, size, offset) == (ssize_t)size;
}

/* What of an ELF file's header says which programs and libraries go together: class, byte order and machine. */
struct kind {
    unsigned char class, order, machine[2];
};

static bool read_kind(int fd, struct kind *kind)
{
    unsigned char head[20];

    if (!read_at(fd, head, sizeof(head), 0) || memcmp(head, ELFMAG, SELFMAG) != 0)
        return false;
    kind->class = head[EI_CLASS];
    kind->order = head[EI_DATA];
    memcpy(kind->machine, head + offsetof(Elf32_Ehdr, e_machine), sizeof(kind->machine));
    return true;
}

/* Whether a folder has our libraries for programs of a kind. */
static bool serves(const char *path, const struct kind *kind)
{
    char library[2 * PATH_MAX];
    struct kind found;
    int fd;
    bool same;

    snprintf(library, sizeof(library), "%s/libvirt.so.0", path);
    fd = open(library, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    same = read_kind(fd, &found) && memcmp(&found, kind, sizeof(found)) == 0;
    close(fd);
    return same;
}

/* Systems that run programs of more than one architecture have a folder of libraries for each: /usr/lib64 beside /usr/lib, or
 * /usr/lib/x86_64-linux-gnu beside /usr/lib/i386-linux-gnu. Takes our folder for the program's architecture, if there
 * is one. */
static void choose_folder(const struct kind *kind)
{
    static const char *const patterns[] = { "%.*s/../lib*/" COMPAT_NAME, "%.*s/../lib*/*/" COMPAT_NAME, "%.*s/../*/" COMPAT_NAME };
    const int library_folder = (int)strlen(folder) - (int)strlen("/" COMPAT_NAME);
    char pattern[2 * PATH_MAX], found[PATH_MAX];
    bool done = serves(folder, kind);

    for (size_t i = 0; library_folder > 0 && !done && i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        glob_t names;

        snprintf(pattern, sizeof(pattern), patterns[i], library_folder, folder);
        if (glob(pattern, 0, NULL, &names) != 0)
            continue;
        for (size_t n = 0; n < names.gl_pathc && !done; n++) {
            done = serves(names.gl_pathv[n], kind) && realpath(names.gl_pathv[n], found);
            if (done)
                strcpy(folder, found);
        }
        globfree(&names);
    }
}

/* The dynamic loader that a program names: in the structures of its class. */
#define READ_LOADER(CLASS) \
    static bool read_loader##CLASS(int fd, char *loader, size_t size) \
    { \
        Elf##CLASS##_Ehdr header; \
        Elf##CLASS##_Phdr segment; \
        bool found = false; \
\
        if (!read_at(fd, &header, sizeof(header), 0) || header.e_phentsize != sizeof(segment)) \
            return false; \
        for (unsigned i = 0; i < header.e_phnum && !found; i++) { \
            if (!read_at(fd, &segment, sizeof(segment), (off_t)(header.e_phoff + i * sizeof(segment)))) \
                break; \
            found = segment.p_type == PT_INTERP && segment.p_filesz > 0 && segment.p_filesz <= size && \
                    read_at(fd, loader, segment.p_filesz, (off_t)segment.p_offset) && \
                    loader[segment.p_filesz - 1] == '\0'; \
        } \
        return found; \
    }
READ_LOADER(32)
READ_LOADER(64)

/* The kind of a program and its dynamic loader. No loader for static programs and those of the other byte order; no kind
 * for scripts and what cannot be read. */
static bool look_into(const char *program, struct kind *kind, char *loader, size_t size)
{
    static const uint16_t one = 1;
    const unsigned char own_order = *(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB;
    int fd = open(program, O_RDONLY | O_CLOEXEC);
    bool known;

    *loader = '\0';
    if (fd < 0)
        return false;
    known = read_kind(fd, kind);
    if (known && kind->order == own_order && !(kind->class == ELFCLASS32 ? read_loader32 : read_loader64)(fd, loader, size))
        *loader = '\0';
    close(fd);
    return known;
}

/* Puts a value in front of those that a variable of the loader holds. */
static void put_first(const char *variable, const char *value)
{
    const char *old = getenv(variable);
    char *joined;

    if (!old || !*old)
        joined = strdup(value);
    else if (asprintf(&joined, "%s:%s", value, old) < 0)
        joined = NULL;
    if (!joined || setenv(variable, joined, 1) < 0)
        fail(OWN_ERROR, "cannot set %s: %s", variable, strerror(errno));
    free(joined);
}

/* Takes our folder from the front of the search path, where an outer virnodedev-run put it. */
static void leave_library_path(void)
{
    const char *path = getenv("LD_LIBRARY_PATH");
    size_t length = strlen(folder);

    if (!path || strncmp(path, folder, length) != 0)
        return;
    if (path[length] == ':')
        setenv("LD_LIBRARY_PATH", path + length + 1, 1);
    else if (path[length] == '\0')
        unsetenv("LD_LIBRARY_PATH");
}

/* What the loader is told of; ends the program if that cannot work. */
static const char *usable_path(enum mode mode)
{
    const char *path = mode == PRELOAD ? preload : folder;

    snprintf(preload, sizeof(preload), "%s/libvirnodedev-preload.so.0", folder);
    if (strpbrk(path, mode == PRELOAD ? " :" : ":;"))
        fail(OWN_ERROR, "the loader does not take '%s': install virnodedev where the path has no such signs", path);
    if (access(path, R_OK) < 0)
        fail(OWN_ERROR, "cannot read '%s': %s; install virnodedev again", path, strerror(errno));
    return path;
}

static void set_environment(enum mode mode)
{
    const char *path = usable_path(mode);

    if (mode == PRELOAD)
        leave_library_path();
    put_first(mode == PRELOAD ? "LD_PRELOAD" : "LD_LIBRARY_PATH", path);
}

/* Runs the loader's --list over a program with our libraries in libvirt's place; nothing of the program
 * itself is run. */
__attribute__((noreturn)) static void list_needs(const char *loader, const char *program, int output)
{
    set_environment(LIBRARY_PATH);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execl(loader, loader, "--list", program, (char *)NULL);
    _exit(OWN_ERROR);
}

/* Whether the loader misses a private version node when libvirt's libraries are ours. */
static bool needs_private(const char *loader, const char *program)
{
    int ends[2];
    FILE *output;
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    pid_t child;

    usable_path(LIBRARY_PATH);
    if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0)
        fail(OWN_ERROR, "cannot ask the loader what '%s' needs: %s", program, strerror(errno));
    if (child == 0)
        list_needs(loader, program, ends[1]);
    close(ends[1]);
    output = fdopen(ends[0], "r");
    while (output && getline(&line, &size, output) >= 0)
        found = found || strstr(line, private_node);
    free(line);
    if (output)
        fclose(output);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    return found;
}

/* Takes the libraries of the program's architecture, and decides how it is to have them unless that was said. */
static enum mode decide(const char *name, enum mode mode)
{
    char *program = find_program(name);
    char loader[4096];
    struct kind kind;

    if (program && look_into(program, &kind, loader, sizeof(loader))) {
        choose_folder(&kind);
        if (mode == DECIDE && *loader && needs_private(loader, program))
            mode = PRELOAD;
    }
    free(program);
    return mode == DECIDE ? LIBRARY_PATH : mode;
}

static void print_version(void)
{
    printf("virnodedev-run %d.%d.%d\n", VIRNODEDEV_VERSION_MAJOR, VIRNODEDEV_VERSION_MINOR, VIRNODEDEV_VERSION_MICRO);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"library-path", no_argument, NULL, 'l'}, {"preload", no_argument, NULL, 'p'},
        {"print", no_argument, NULL, 'n'},        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
    };
    enum mode mode = DECIDE;
    bool only_print = false;
    int option;

    while ((option = getopt_long(argc, argv, "+lpnhV", options, NULL)) >= 0) {
        switch (option) {
        case 'l': mode = LIBRARY_PATH; break;
        case 'p': mode = PRELOAD; break;
        case 'n': only_print = true; break;
        case 'h': fputs(usage, stdout); return EXIT_SUCCESS;
        case 'V': print_version(); return EXIT_SUCCESS;
        default: fail(OWN_ERROR, "try 'virnodedev-run --help'");
        }
    }
    if (optind == argc)
        fail(OWN_ERROR, "a command is missing: try 'virnodedev-run --help'");
    find_folder();
    mode = decide(argv[optind], mode);
    set_environment(mode);
    if (only_print) {
        const char *variable = mode == PRELOAD ? "LD_PRELOAD" : "LD_LIBRARY_PATH";

        printf("%s=%s\n", variable, getenv(variable));
        return fflush(stdout) == 0 ? EXIT_SUCCESS : OWN_ERROR;
    }
    execvp(argv[optind], argv + optind);
    fail(errno == ENOENT ? NOT_FOUND : CANNOT_RUN, "%s: %s", argv[optind], strerror(errno));
}
