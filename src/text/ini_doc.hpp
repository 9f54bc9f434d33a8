// A systemd unit file or drop-in, line by line: sections, `Key=value` with repeated keys, comments, continued
// lines (systemd.syntax(7) and config_parse in src/shared/conf-parser.c, v252). Lines that systemd would
// ignore are kept as they are.
#pragma once

#include "base/result.hpp"
#include "model/edit.hpp"
#include "text/editor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

struct IniEntry {
    std::string section;
    std::string key;
    std::string value;  // continued lines joined by a blank, still quoted: see quote.hpp
    Span span;          // whole lines, line ends included
    bool operator==(const IniEntry&) const = default;
};

class IniDoc {
  public:
    // Errors: parse, with location: NUL bytes, a carriage return inside a line, a section header without ']',
    // a continuation at the end of the text.
    static Result<IniDoc> parse(std::string_view text);
    Result<IniDoc> with_text(std::string_view text) const { return parse(text); }
    const std::string& text() const { return text_; }

    const std::vector<IniEntry>& entries() const { return entries_; }
    std::vector<std::string> sections() const;  // in file order, each once
    // All assignments of the key in all sections of that name, in file order. An empty value means "forget
    // what was before" to systemd.
    std::vector<std::string> values(std::string_view section, std::string_view key) const;

    // Edits after which values(section, key) == values (already quoted). Lines that keep their value keep
    // their bytes; new lines stand behind the last one of the key, else at the end of the section, which is
    // created at the end of the text if it is missing. Errors: usage, for values with line ends, NUL, blanks
    // at the ends, or a trailing backslash, and for names that would not come back.
    Result<std::vector<Edit>> set_values(std::string_view section, std::string_view key,
                                         const std::vector<std::string>& values) const;

  private:
    struct Section {
        std::string name;
        Span header;              // the whole line
        std::size_t content_end;  // behind the last line that is neither blank nor a comment
    };
    Edit insertion(std::size_t behind, std::string lines) const;
    Edit addition(std::string_view section, const std::string& lines) const;
    bool read_line(Span span, const std::string& line);

    std::string text_;
    std::vector<Section> sections_;
    std::vector<IniEntry> entries_;
};

using IniEditor = Editor<IniDoc>;

}  // namespace mirrorctl::text
