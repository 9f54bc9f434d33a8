// Only in the static program: glibc's functions that load shared libraries, answered with a refusal.
// libcrypto and c-ares name them, nothing here needs them (names are resolved by c-ares, keys and providers
// are built in), and glibc's own would load, into a program that brings its glibc along, libraries made for
// another one. The linker makes an error of every such function that is not covered (-Wl,--fatal-warnings).
#include <dlfcn.h>
#include <netdb.h>

#include <cerrno>

extern "C" {

// The linker turns calls of dlopen into calls of this (--wrap): glibc's own stays in the program, uncalled,
// because its tables name it.
void* refuse_dlopen(const char*, int) asm("__wrap_dlopen");
void* refuse_dlopen(const char*, int) {
    return nullptr;
}

void* dlsym(void*, const char*) noexcept {
    return nullptr;
}

int dlclose(void*) noexcept {
    return -1;
}

char* dlerror() noexcept {
    static char text[] = "a static program loads no libraries";
    return text;
}

int dladdr(const void*, Dl_info*) noexcept {
    return 0;
}

int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
    return EAI_FAIL;
}

void freeaddrinfo(addrinfo*) noexcept {}

int getnameinfo(const sockaddr*, socklen_t, char*, socklen_t, char*, socklen_t, int) {
    return EAI_FAIL;
}

hostent* gethostbyname(const char*) {
    return nullptr;
}

servent* getservbyname(const char*, const char*) {
    return nullptr;
}

int getservbyname_r(const char*, const char*, servent*, char*, size_t, servent** found) {
    *found = nullptr;
    return ENOENT;
}

int getservbyport_r(int, const char*, servent*, char*, size_t, servent** found) {
    *found = nullptr;
    return ENOENT;
}

}  // extern "C"
