// doctor, explain and the consumers of status, for people.
#include "base/strings.hpp"
#include "base/url.hpp"
#include "ui/documents.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::ui {

namespace {

std::string safe_line(std::string_view text) {
    return printable_line(mask_secrets(text), 600);
}

std::string painted(const std::string& severity, const Term& term) {
    if (severity == "error") return term.red(severity);
    return severity == "warning" ? term.yellow(severity) : term.cyan(severity);
}

}  // namespace

std::string doctor_text(const DoctorDocument& doctor, const Term& term) {
    if (doctor.findings.empty())
        return term.green("no problems found") + fmt::format(" ({} checks)\n", doctor.checked);
    std::string out;
    for (const auto& f : doctor.findings) {
        out += fmt::format("{}: {}  {}\n  {}\n", painted(f.severity, term), term.bold(safe_line(f.subject)),
                           term.dim(f.code), safe_line(f.message));
        if (!f.hint.empty()) out += term.dim("  try: ") + safe_line(f.hint) + "\n";
    }
    auto count = [&](std::string_view severity) {
        return std::count_if(doctor.findings.begin(), doctor.findings.end(),
                             [&](const FindingEntry& f) { return f.severity == severity; });
    };
    out += fmt::format("{} error(s), {} warning(s), {} note(s) from {} checks\n", count("error"),
                       count("warning"), count("note"), doctor.checked);
    return out;
}

std::string explain_text(const ExplainDocument& explained, const Term& term) {
    std::string out = term.bold(safe_line(explained.image)) + "\n";
    if (explained.consumers.empty()) return out + "  nothing on this node pulls images\n";
    for (const auto& c : explained.consumers) {
        out += term.bold(safe_line(c.name)) + (c.file.empty() ? "" : "  " + safe_line(c.file)) + "\n";
        if (!c.note.empty()) out += term.dim("  " + safe_line(c.note)) + "\n";
        int rank = 0;
        for (const auto& h : c.hosts) {
            auto serves = h.tag && h.content ? "tag, content"
                          : h.content        ? "content"
                          : h.tag            ? "tag"
                                             : "never asked";
            auto via = h.via == "direct" ? std::string("direct") : "via " + safe_line(h.via);
            out += fmt::format("  {}. {}\n     {}\n", ++rank, safe_line(h.url),
                               term.dim(fmt::format("{}; {}; {}", serves, via, safe_line(h.why))));
        }
    }
    return out;
}

std::string consumers_text(const std::vector<ConsumerEntry>& consumers, const Term& term) {
    std::string out;
    for (const auto& c : consumers) {
        auto live = c.live == "yes"       ? term.green(fit(c.live, 8))
                    : c.live == "pending" ? term.yellow(fit(c.live, 8))
                                          : fit(c.live, 8);
        out += fmt::format("  {} {} {}\n", fit(safe_line(c.name), 16), live,
                           c.reads.empty() ? "-" : safe_line(join(c.reads, ", ")));
        if (!c.detail.empty()) out += term.dim(std::string(28, ' ') + safe_line(c.detail)) + "\n";
    }
    return out.empty() ? "" : term.bold("who pulls        mirrors live, and from where") + "\n" + out;
}

std::string checks_text(const std::vector<CheckEntry>& checks, const Term& term) {
    std::string out;
    for (const auto& c : checks)
        out += fmt::format("{} {} {}\n", fit(c.code, 26), fit(c.severity, 8), term.dim(c.about));
    return out;
}

}  // namespace mirrorctl::ui
