/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * In place of the compiler's unwinder where the program has everything in it (`make static`). Rust's standard library names these
 * functions for backtraces and panics, but a panic ends the program there, and the tables for unwinding are left out.
 * Debian's musl-gcc has an unwinder for glibc only.
 */
#include <stdlib.h>
#include <unwind.h>

_Unwind_Reason_Code _Unwind_Backtrace(_Unwind_Trace_Fn function, void *argument)
{
    (void)function;
    (void)argument;
    return _URC_END_OF_STACK;
}

void _Unwind_Resume(struct _Unwind_Exception *exception)
{
    (void)exception;
    abort();
}

_Unwind_Ptr _Unwind_GetIP(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}

_Unwind_Ptr _Unwind_GetIPInfo(struct _Unwind_Context *context, int *before)
{
    (void)context;
    *before = 0;
    return 0;
}

_Unwind_Ptr _Unwind_GetDataRelBase(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}

_Unwind_Ptr _Unwind_GetTextRelBase(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}

_Unwind_Ptr _Unwind_GetRegionStart(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}

void *_Unwind_GetLanguageSpecificData(struct _Unwind_Context *context)
{
    (void)context;
    return NULL;
}

void _Unwind_SetGR(struct _Unwind_Context *context, int number, _Unwind_Word value)
{
    (void)context;
    (void)number;
    (void)value;
}

void _Unwind_SetIP(struct _Unwind_Context *context, _Unwind_Ptr address)
{
    (void)context;
    (void)address;
}
