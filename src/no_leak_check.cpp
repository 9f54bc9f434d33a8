// Of the sanitized program only. LeakSanitizer looks at a process by tracing it, and this one lets nobody
// trace it (main.cpp); leaks are looked for in the unit tests. Asked for by the runtime of AddressSanitizer
// at its start.
extern "C" const char* __asan_default_options();

extern "C" const char* __asan_default_options() {
    return "detect_leaks=0";
}
