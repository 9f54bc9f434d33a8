// A fresh directory on the host that is removed with all that is in it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

namespace mirrorctl::support {

class TempDir {
  public:
    TempDir() : path_(std::filesystem::temp_directory_path() / "mirrorctl-test-XXXXXX") {
        std::string name = path_.string();
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    std::string str() const { return path_.string(); }
    std::string operator/(std::string_view relative) const { return (path_ / relative).string(); }
    // Parents are created.
    void put(std::string_view relative, std::string_view bytes) const {
        auto path = path_ / relative;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
    }
    void put_link(std::string_view relative, std::string_view target) const {
        auto path = path_ / relative;
        std::filesystem::create_directories(path.parent_path());
        std::filesystem::create_symlink(target, path);
    }
    std::string bytes(std::string_view relative) const {
        std::ifstream in(path_ / relative, std::ios::binary);
        if (!in) return "<absent>";
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }

  private:
    std::filesystem::path path_;
};

}  // namespace mirrorctl::support
