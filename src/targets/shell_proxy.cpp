// shell-proxy: proxy variables for login shells in /etc/profile.d.
#include "base/strings.hpp"
#include "base/url.hpp"
#include "targets/entries.hpp"
#include "targets/our_files.hpp"
#include "targets/proxy_files.hpp"

namespace mirrorctl::targets {

namespace {

const TargetPath kPath("/etc/profile.d/mirrorctl-proxy.sh");

Detection detect(const NodeFacts&) {
    return {.detected = true, .reason = "login shells read /etc/profile.d"};
}

// Everybody on the node can read the file.
Result<void> check_public(const ProxyVariables& variables) {
    if (!variables.secret) return {};
    return Failure(Error{.code = ErrorCode::conflict,
                         .message = cat("refusing to write credentials: ", kPath.str(),
                                        ": every user of this node can read it"),
                         .hint = "give the shells a proxy without a password, or use --target systemd-proxy, "
                                 "which keeps it in a 0600 file"});
}

Result<Proposal> propose(const Context& context) {
    Proposal proposal;
    if (!context.desired.proxy) {
        proposal.leave.push_back(kPath);
        return proposal;
    }
    TRY_ASSIGN(auto variables, proxy_variables(*context.desired.proxy));
    TRY(check_public(variables));
    TRY_ASSIGN(auto text, read_if_present(context.fs, kPath));
    auto wanted = both_cases(variables);
    TRY_ASSIGN(auto skeleton, render_shell_profile(wanted));
    bool whole =
        is_wholly_ours(shell_profile_codec(), render_shell_profile, text, find_owned(context.owned, kPath));
    proposal.files.push_back({.path = kPath,
                              .codec = &shell_profile_codec(),
                              .wanted = std::move(wanted),
                              .skeleton = std::move(skeleton),
                              .whole = whole});
    return proposal;
}

const Codec* codec_for(const NodeFacts&, const TargetPath& path) {
    return path == kPath ? &shell_profile_codec() : nullptr;
}

std::vector<TargetPath> survey(const NodeFacts&, const sys::FsReader& fs) {
    if (!exists(fs, kPath)) return {};
    return {kPath};
}

bool is_marked(std::string_view text) {
    return is_pristine(shell_profile_codec(), render_shell_profile, text);
}

}  // namespace

const Target& shell_proxy() {
    static const Target kTarget{.name = "shell-proxy",
                                .summary = "proxy variables for login shells in /etc/profile.d",
                                .engine = "shell",
                                .purpose = Purpose::proxy,
                                .docs = "POSIX.1-2017 XCU 2.2; curl(1) ENVIRONMENT",
                                .detect = detect,
                                .serves = [](const NodeFacts&, std::string_view) { return false; },
                                .propose = propose,
                                .codec_for = codec_for,
                                .survey = survey,
                                .is_marked = is_marked};
    return kTarget;
}

}  // namespace mirrorctl::targets
