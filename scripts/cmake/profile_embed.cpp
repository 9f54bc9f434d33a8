// profile_embed OUT.cpp FILE.yaml... : checks each document as the program would and writes them, parsed, as
// a C++ source. Exit status 1 and a message with file, line and column if one of them is broken. Runs during
// the build only.
#include "base/strings.hpp"
#include "profile/embedded.hpp"
#include "profile/load.hpp"
#include "profile/store.hpp"
#include "profile/tombstones.hpp"
#include "profile/yaml.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

namespace mirrorctl::profile {

namespace {

std::vector<std::pair<std::string, std::string>> packed_documents;  // name, bytes; sorted by name
std::vector<EmbeddedFile> views;

// Profiles here extend only each other, so no file is ever read through this.
class NoFiles : public sys::FsReader {
  public:
    Result<std::string> read(const TargetPath& path, std::size_t) const override {
        return none<std::string>(path);
    }
    Result<sys::FileInfo> stat(const TargetPath& path) const override { return none<sys::FileInfo>(path); }
    Result<std::string> read_link(const TargetPath& path) const override { return none<std::string>(path); }
    Result<TargetPath> resolve(const TargetPath& path) const override { return path; }
    Result<std::vector<std::string>> list(const TargetPath& path) const override {
        return none<std::vector<std::string>>(path);
    }
    bool can_write(const TargetPath&) const override { return false; }

  private:
    template <class T>
    static Result<T> none(const TargetPath& path) {
        return Failure(Error{.code = ErrorCode::not_found, .message = cat("no such file: ", path.str())});
    }
};

// Octal escapes of three digits cannot swallow what follows; pieces keep lines short for compilers and
// people.
std::string literal(std::string_view bytes) {
    std::string out = "\"";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto byte = static_cast<unsigned char>(bytes[i]);
        if (i > 0 && i % 100 == 0) out += "\"\n    \"";
        if (byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\' && byte != '?')
            out += bytes[i];
        else
            out += cat("\\", byte / 64, byte / 8 % 8, byte % 8);
    }
    return out + '"';
}

bool check_profile(const std::string& name) {
    NoFiles files;
    auto loaded = load_profile({files, files}, name);
    if (loaded) return true;
    std::cerr << to_string(loaded.error()) << '\n';
    return false;
}

bool check_dead(const Node& tree) {
    Problems problems;
    read_dead(tree, problems);
    for (const auto& error : problems.errors) std::cerr << to_string(error) << '\n';
    return problems.errors.empty();
}

std::string source() {
    std::string out =
        "// Made by scripts/cmake/profile_embed.cpp from profiles/*.yaml.\n#include "
        "\"profile/embedded.hpp\"\n\n"
        "namespace mirrorctl::profile {\n\nnamespace {\nconstexpr EmbeddedFile kFiles[] = {\n";
    for (const auto& [name, bytes] : packed_documents)
        out +=
            cat("    {\"", name, "\",\n    std::string_view(", literal(bytes), ", ", bytes.size(), ")},\n");
    return out +
           "};\n}  // namespace\n\nstd::span<const EmbeddedFile> embedded_files() { return kFiles; }\n\n}  "
           "// namespace mirrorctl::profile\n";
}

// Reads one file; an example is checked but not built in, so that nobody gets it by its name.
bool take(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    auto name = path.substr(path.rfind('/') + 1);
    name = name.substr(0, name.rfind('.'));
    auto tree = parse_yaml(text.str(), path);
    if (!tree) {
        std::cerr << to_string(tree.error()) << '\n';
        return false;
    }
    if (name == "dead") {
        if (!check_dead(*tree)) return false;
    } else if (tree->value("example") == "true") {
        return true;
    }
    packed_documents.emplace_back(name, pack(*tree));
    return true;
}

int run(const std::vector<std::string>& arguments) {
    bool good = arguments.size() >= 2;
    for (std::size_t i = 1; i < arguments.size(); ++i) good = take(arguments[i]) && good;
    std::sort(packed_documents.begin(), packed_documents.end());
    for (const auto& [name, bytes] : packed_documents) views.push_back({name, bytes});
    for (const auto& [name, bytes] : packed_documents)
        if (name != "dead") good = check_profile(name) && good;
    if (!good) return 1;
    std::ofstream out(arguments[0], std::ios::binary);
    out << source();
    out.close();
    return out ? 0 : 1;
}

}  // namespace

std::span<const EmbeddedFile> embedded_files() {
    return views;
}

}  // namespace mirrorctl::profile

int main(int argc, char** argv) {
    return mirrorctl::profile::run({argv + 1, argv + argc});
}
