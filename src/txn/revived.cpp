#include "txn/revived.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "txn/file_undo.hpp"

#include <set>

namespace mirrorctl::txn {
namespace {

std::set<std::string> credentials_in(const targets::Codec& codec, const FileState& state) {
    std::set<std::string> found;
    auto values = values_of(codec, state);
    if (!values) return found;
    for (const auto& [key, list] : *values)
        for (const auto& value : list) {
            auto url = parse_url(value);
            if (url && !url->userinfo.empty())
                found.insert(url->userinfo);
            else if (!url && mask_secrets(value) != value)
                found.insert(value);
        }
    return found;
}

}  // namespace

std::vector<Warning> revived_credentials(const Plan& plan, const CodecLookup& codec_for) {
    std::set<std::string> now;
    for (const auto& file : plan.files)
        if (const auto* codec = codec_for(file.path)) now.merge(credentials_in(*codec, file.before));
    std::vector<Warning> warnings;
    for (const auto& file : plan.files) {
        const auto* codec = codec_for(file.path);
        if (codec == nullptr) continue;
        auto then = credentials_in(*codec, file.after);
        std::erase_if(then, [&](const std::string& one) { return now.contains(one); });
        if (then.empty()) continue;
        warnings.push_back(
            {.code = "old_credentials",
             .message = cat("this brings an old proxy password back: ", file.path.str(),
                            ": the proxy may no longer take it"),
             .hint = "afterwards: sudo mirrorctl apply with the current one (--https-proxy @FILE)"});
    }
    return warnings;
}

}  // namespace mirrorctl::txn
