// SIGINT and SIGTERM as a wish: the first one is noted and waited for at a safe point, the second one ends
// the process at once. SIGHUP (the terminal was closed, the session ends) is noted like the first one,
// however often it comes. SIGPIPE and SIGXFSZ are ignored: the write that meant them fails, and that is an
// error like any other.
#pragma once

namespace mirrorctl::sys {

// From here on these signals are noted. Call once, early. System calls are interrupted (no SA_RESTART),
// so that waits end.
void note_signals();
// The signal that came, 0 if none did.
int noted_signal();
// Readable as soon as a signal came, for poll(); -1 before note_signals().
int signal_fd();
// Ends the process by that signal's default action, so that the caller's shell sees what happened. Does not
// return.
[[noreturn]] void re_raise(int signal);

}  // namespace mirrorctl::sys
