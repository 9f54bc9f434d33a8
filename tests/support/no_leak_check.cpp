// Linked into the program where it is built with sanitizers. LeakSanitizer stops the process at its end to
// look at it (ptrace), and nothing may do that with mirrorctl, which is not dumpable: it would end with an
// error. The unit tests look for leaks. Name and type: compiler-rt, sanitizer/asan_interface.h.
extern "C" const char* __asan_default_options() {
    return "detect_leaks=0";
}
