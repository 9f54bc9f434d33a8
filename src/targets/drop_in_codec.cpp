#include "base/strings.hpp"
#include "targets/proxy_files.hpp"
#include "targets/templates.hpp"
#include "text/ini_doc.hpp"
#include "text/quote.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

using text::IniDoc;
using List = std::vector<std::string>;

constexpr std::array<const char*, 6> kNames{"HTTP_PROXY",  "http_proxy", "HTTPS_PROXY",
                                            "https_proxy", "NO_PROXY",   "no_proxy"};
constexpr const char* kService = "Service";
constexpr const char* kEnvironment = "Environment";

bool is_proxy_name(std::string_view name) {
    return std::any_of(kNames.begin(), kNames.end(), [&](const char* known) { return name == known; });
}

std::string name_in(std::string_view word) {
    return std::string(word.substr(0, word.find('=')));
}

bool is_our_env_file(std::string_view value) {
    if (value.starts_with('-')) value.remove_prefix(1);
    return value.starts_with("/etc/mirrorctl/");
}

// One Environment= line. `opaque`: it holds something that only systemd can expand, but none of our
// variables.
struct Line {
    std::string raw;
    List words = {};
    bool opaque = false;
    bool reset() const { return !opaque && words.empty(); }
};

Result<std::vector<Line>> environment_lines(const IniDoc& doc) {
    std::vector<Line> lines;
    for (auto& raw : doc.values(kService, kEnvironment)) {
        Line line{.raw = raw};
        if (auto words = text::split_unit_words(raw)) {
            line.words = std::move(*words);
        } else {
            if (lower(raw).find("_proxy=") != std::string::npos) return Failure(words.error());
            line.opaque = true;
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

// Lines in front of the last `Environment=` have no effect.
std::size_t first_effective(const std::vector<Line>& lines) {
    std::size_t first = 0;
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (lines[i].reset()) first = i + 1;
    return first;
}

Result<Values> read_drop_in(std::string_view text) {
    TRY_ASSIGN(auto doc, IniDoc::parse(text));
    TRY_ASSIGN(auto lines, environment_lines(doc));
    Values values;
    for (auto i = first_effective(lines); i < lines.size(); ++i)
        for (const auto& word : lines[i].words)
            if (auto name = name_in(word); is_proxy_name(name) && word.size() > name.size())
                values[name] = {word.substr(name.size() + 1)};
    for (const auto& file : doc.values(kService, kEnvironmentFile))
        if (is_our_env_file(file)) values[kEnvironmentFile] = {file};
    return values;
}

Result<void> rewrite(Line& line) {
    List quoted;
    for (const auto& word : line.words) {
        TRY_ASSIGN(auto one, text::quote_unit_word(word));
        quoted.push_back(std::move(one));
    }
    line.raw = join(quoted, " ");
    return {};
}

// Sets one variable (nullptr: takes it out). The last place where it stands keeps it, all others lose it.
Result<void> set_variable(std::vector<Line>& lines, const std::string& name, const std::string* value) {
    bool placed = value == nullptr;
    auto first = first_effective(lines);
    for (std::size_t i = lines.size(); i-- > 0;) {
        auto& line = lines[i];
        auto before = line.words;
        for (std::size_t j = line.words.size(); j-- > 0;) {
            if (name_in(line.words[j]) != name) continue;
            if (!placed && i >= first)
                line.words[j] = cat(name, "=", *value), placed = true;
            else
                line.words.erase(line.words.begin() + static_cast<std::ptrdiff_t>(j));
        }
        if (line.words == before) continue;
        if (line.words.empty())
            lines.erase(lines.begin() +
                        static_cast<std::ptrdiff_t>(i));  // an empty one would clear everything
        else
            TRY(rewrite(line));
    }
    if (placed) return {};
    lines.push_back({.raw = "", .words = {cat(name, "=", *value)}});
    return rewrite(lines.back());
}

List list_at(const Values& values, const char* key) {
    auto it = values.find(key);
    return it == values.end() ? List{} : it->second;
}

Result<std::vector<Edit>> write_drop_in(std::string_view text, const Values& wanted) {
    TRY_ASSIGN(auto editor, text::IniEditor::open(text));
    TRY_ASSIGN(auto lines, environment_lines(editor.doc()));
    TRY_ASSIGN(auto current, read_drop_in(text));
    for (const auto* name : kNames) {
        auto value = wanted.find(name);
        auto now = current.find(name);
        bool same = value == wanted.end() ? now == current.end()
                                          : now != current.end() && now->second == value->second;
        if (!same) TRY(set_variable(lines, name, value == wanted.end() ? nullptr : &value->second.front()));
    }
    List raw;
    for (const auto& line : lines) raw.push_back(line.raw);
    TRY(editor.apply(editor.doc().set_values(kService, kEnvironment, raw)));
    if (list_at(current, kEnvironmentFile) == list_at(wanted, kEnvironmentFile)) return editor.edits();
    auto files = editor.doc().values(kService, kEnvironmentFile);
    std::erase_if(files, [](const std::string& file) { return is_our_env_file(file); });
    if (auto ours = wanted.find(kEnvironmentFile); ours != wanted.end())
        files.push_back(ours->second.front());
    TRY(editor.apply(editor.doc().set_values(kService, kEnvironmentFile, files)));
    return editor.edits();
}

// Everything that is neither a variable of ours nor our env file, in order.
Result<List> foreign_parts(std::string_view text) {
    TRY_ASSIGN(auto doc, IniDoc::parse(text));
    List parts;
    for (const auto& entry : doc.entries()) {
        bool service = entry.section == kService;
        if (service && entry.key == kEnvironmentFile && is_our_env_file(entry.value)) continue;
        auto words = text::split_unit_words(entry.value);
        if (!service || entry.key != kEnvironment || !words || words->empty()) {
            parts.push_back(cat("[", entry.section, "] ", entry.key, "=", entry.value));
            continue;
        }
        for (const auto& word : *words)
            if (!is_proxy_name(name_in(word))) parts.push_back("[Service] Environment " + word);
    }
    for (const auto& line : split(text, '\n'))
        if (auto content = trim(line); content.starts_with('#') || content.starts_with(';'))
            parts.emplace_back(content);
    return parts;
}

// There is no second parser for units, so the witness compares what is left when our parts are taken out of
// both.
Result<void> witness_drop_in(std::string_view before, std::string_view after) {
    TRY_ASSIGN(auto was, foreign_parts(before));
    TRY_ASSIGN(auto is, foreign_parts(after));
    if (was == is) return {};
    return Failure(Error{.code = ErrorCode::unsupported_layout,
                         .message = "cannot edit the drop-in: lines that are not ours would change",
                         .hint = "put each Environment= assignment on a line of its own"});
}

}  // namespace

const Codec& drop_in_codec() {
    static const Codec kCodec{
        .name = "http-proxy.conf", .read = read_drop_in, .write = write_drop_in, .witness = witness_drop_in};
    return kCodec;
}

Result<std::string> render_drop_in(const Values& values) {
    auto file = values.find(kEnvironmentFile);
    auto names = [&](std::string_view path) {
        return file != values.end() && file->second.front() == cat("-", path);
    };
    text::TemplateValues filled{.lists = {{"variables", {}},
                                          {"docker_env", condition(names(kDockerProxyEnv))},
                                          {"containerd_env", condition(names(kContainerdProxyEnv))}}};
    for (const auto* name : kNames)
        if (auto it = values.find(name); it != values.end())
            filled.lists["variables"].push_back(
                {.strings = {{"assignment", cat(name, "=", it->second.front())}}});
    return render_template("http-proxy.conf", filled, text::quote_unit_word);
}

std::vector<std::string> proxy_names_in_unit(std::string_view text, bool& clears) {
    List names;
    clears = false;
    auto doc = IniDoc::parse(text);
    if (!doc) return names;
    for (const auto& value : doc->values(kService, kEnvironment)) {
        auto words = text::split_unit_words(value);
        if (!words) continue;
        if (words->empty()) clears = true;
        for (const auto& word : *words)
            if (auto name = name_in(word); is_proxy_name(name)) names.push_back(std::move(name));
    }
    return names;
}

}  // namespace mirrorctl::targets
