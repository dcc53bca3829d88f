/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* virnodedev-run: runs a program that was built for libvirt on this library. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
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

/* Libraries under libvirt's names, and the one that goes in front of libvirt's own. */
static char folder[PATH_MAX] = COMPAT_DIR;
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
        strcpy(strrchr(path, '/') + 1, COMPAT_RELATIVE);
        if (realpath(path, found))
            strcpy(folder, found);
    }
    snprintf(preload, sizeof(preload), "%s/libvirnodedev-preload.so.0", folder);
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

/* The dynamic loader that a program names. No for scripts, static programs and what cannot be read. */
static bool read_loader(const char *program, char *loader, size_t size)
{
    int fd = open(program, O_RDONLY | O_CLOEXEC);
    ElfW(Ehdr) header;
    ElfW(Phdr) segment;
    bool found = false;

    if (fd < 0)
        return false;
    if (read_at(fd, &header, sizeof(header), 0) && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
        header.e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
        header.e_phentsize == sizeof(segment)) {
        for (unsigned i = 0; i < header.e_phnum && !found; i++) {
            if (!read_at(fd, &segment, sizeof(segment), (off_t)(header.e_phoff + i * sizeof(segment))))
                break;
            found = segment.p_type == PT_INTERP && segment.p_filesz > 0 && segment.p_filesz <= size &&
                    read_at(fd, loader, segment.p_filesz, (off_t)segment.p_offset) &&
                    loader[segment.p_filesz - 1] == '\0';
        }
    }
    close(fd);
    return found;
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

static enum mode decide(const char *name)
{
    char *program = find_program(name);
    char loader[4096];
    enum mode mode = LIBRARY_PATH;

    if (program && read_loader(program, loader, sizeof(loader)) && needs_private(loader, program))
        mode = PRELOAD;
    free(program);
    return mode;
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
    if (mode == DECIDE)
        mode = decide(argv[optind]);
    set_environment(mode);
    if (only_print) {
        const char *variable = mode == PRELOAD ? "LD_PRELOAD" : "LD_LIBRARY_PATH";

        printf("%s=%s\n", variable, getenv(variable));
        return fflush(stdout) == 0 ? EXIT_SUCCESS : OWN_ERROR;
    }
    execvp(argv[optind], argv + optind);
    fail(errno == ENOENT ? NOT_FOUND : CANNOT_RUN, "%s: %s", argv[optind], strerror(errno));
}
