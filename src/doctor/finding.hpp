// What doctor finds, and the place where one check puts it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mirrorctl::doctor {

// error: pulls fail or an engine will not start. warning: mirrors or proxies are not used as written. note:
// worth knowing.
enum class Severity { error, warning, note };
std::string_view name_of(Severity severity);

struct Finding {
    std::string code;  // of its row in catalog.cpp: stable, snake_case
    Severity severity = Severity::warning;
    std::string subject;    // a file, a unit or a host
    std::string message;    // may quote the user's files: masked and made printable where it is shown
    std::string hint = {};  // a command or a step that helps
};

// Gives what a check finds the code and the severity of its row.
class Sink {
  public:
    Sink(std::string_view code, Severity severity, std::vector<Finding>& findings)
        : code_(code), severity_(severity), findings_(findings) {}
    void add(std::string subject, std::string message, std::string hint = {}) {
        findings_.push_back({.code = std::string(code_),
                             .severity = severity_,
                             .subject = std::move(subject),
                             .message = std::move(message),
                             .hint = std::move(hint)});
    }

  private:
    std::string_view code_;
    Severity severity_;
    std::vector<Finding>& findings_;
};

}  // namespace mirrorctl::doctor
