// Compares bytes with a digest of whichever algorithm registries use: sha256 or sha512.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace mirrorctl {

class DigestCheck {
  public:
    explicit DigestCheck(std::string_view digest);
    ~DigestCheck();
    DigestCheck(const DigestCheck&) = delete;
    DigestCheck& operator=(const DigestCheck&) = delete;

    bool known() const { return context_ != nullptr; }  // false: nothing will match
    void update(std::string_view bytes);
    // Once, at the end.
    bool matches();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
    std::string wanted_;
};

// `bytes` have that digest. False for an algorithm that is not known.
bool digest_matches(std::string_view bytes, std::string_view digest);

}  // namespace mirrorctl
