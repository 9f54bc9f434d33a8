#include "txn/state_dir.hpp"

#include "txn/durable.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <random>

namespace mirrorctl::txn {
namespace {

constexpr std::string_view kIdShape =
    "ddddddddTddddddZ-xxxx";  // d: digit, x: lower-case hex digit, the rest as it is

Failure unsafe(const StateDir& state, std::string_view why, std::string hint) {
    return Failure(Error{.code = ErrorCode::unsafe_path,
                         .message = cat("state directory refused: ", state.dir.str(), ": ", why),
                         .hint = std::move(hint)});
}

Result<void> check_existing(const StateDir& state, const sys::FileInfo& info) {
    if (info.type != sys::FileType::directory)
        return unsafe(state, "not a directory", cat("move ", state.dir.str(), " away"));
    if (info.meta.uid != 0 && info.meta.uid != state.uid)
        return unsafe(state, cat("belongs to uid ", info.meta.uid),
                      cat("sudo chown root: ", state.dir.str()));
    if ((info.meta.mode & 0022U) != 0)
        return unsafe(state, "group or others can write to it", cat("sudo chmod 0700 ", state.dir.str()));
    return {};
}

// Whoever may rename a directory above can put another one in this place.
Result<void> check_parents(const StateDir& state) {
    auto top = state.fs.stat(TargetPath("/"));
    auto top_owner = top ? top->meta.uid : 0;
    TRY_ASSIGN(auto at, state.fs.resolve(state.dir.parent()));
    for (; at.str() != "/" && !at.empty(); at = at.parent()) {
        auto info = state.fs.stat(at);
        if (!info && info.error().code == ErrorCode::not_found) continue;
        if (!info) return Failure(std::move(info).error());
        auto uid = info->meta.uid;
        if (uid != 0 && uid != state.uid && uid != top_owner)
            return unsafe(state, cat(at.str(), " belongs to uid ", uid), cat("sudo chown root: ", at.str()));
        bool sticky = (info->meta.mode & 01000U) != 0;
        if ((info->meta.mode & 0022U) != 0 && !sticky)
            return unsafe(state, cat("group or others can write to ", at.str()),
                          cat("sudo chmod go-w ", at.str()));
    }
    return {};
}

// Another mirrorctl that starts at the same moment may be faster: then its directory is as good.
Result<void> make_or_meet(sys::Fs& fs, const TargetPath& path, const FileMeta& meta) {
    auto made = make_dir_durably(fs, path, meta);
    return made || !fs.stat(path) ? made : Result<void>{};
}

Result<void> make_parents(sys::Fs& fs, const TargetPath& path) {
    TRY_ASSIGN(auto there, exists(fs, path));
    if (there) return {};
    TRY(make_parents(fs, path.parent()));
    return make_or_meet(fs, path, {.mode = 0755});
}

std::string random_tail() {
    std::random_device random;
    constexpr std::string_view kDigits = "0123456789abcdef";
    auto value = random();
    std::string out;
    for (unsigned shift = 0; shift < 16; shift += 4) out += kDigits[(value >> shift) & 15U];
    return out;
}

std::string stamp(std::time_t seconds) {
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    auto length = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
    return {text.data(), length};
}

// The time in an id; the form was checked before.
std::time_t time_of(const std::string& id) {
    auto field = [&](std::size_t at, std::size_t length) {
        return static_cast<int>(parse_integer(std::string_view(id).substr(at, length)).value_or(0));
    };
    std::tm utc{};
    utc.tm_year = field(0, 4) - 1900;
    utc.tm_mon = field(4, 2) - 1;
    utc.tm_mday = field(6, 2);
    utc.tm_hour = field(9, 2);
    utc.tm_min = field(11, 2);
    utc.tm_sec = field(13, 2);
    return timegm(&utc);
}

}  // namespace

Result<void> check_state_dir(const StateDir& state) {
    TRY(check_parents(state));
    auto info = state.fs.stat(state.dir);
    if (info) return check_existing(state, *info);
    if (info.error().code == ErrorCode::not_found || info.error().code == ErrorCode::permission_denied)
        return {};
    return Failure(in_context(std::move(info).error(), "state directory"));
}

Result<void> prepare_state_dir(const StateDir& state) {
    TRY(check_parents(state));
    auto info = state.fs.stat(state.dir);
    if (info) return check_existing(state, *info);
    if (info.error().code != ErrorCode::not_found)
        return Failure(in_context(std::move(info).error(), "state directory"));
    TRY(make_parents(state.fs, state.dir.parent()));
    TRY(make_or_meet(state.fs, state.dir, {.mode = 0700, .uid = state.uid}));
    TRY_ASSIGN(auto made, state.fs.stat(state.dir));
    return check_existing(state, made);
}

Result<std::unique_ptr<sys::Lock>> lock_state(const StateDir& state, double wait_seconds) {
    TRY(prepare_state_dir(state));
    return state.fs.lock(state.view().lock(), wait_seconds);
}

Result<std::vector<std::string>> transaction_ids(const StateView& state) {
    auto names = state.fs.list(state.transactions());
    if (!names) {
        if (names.error().code == ErrorCode::not_found) return std::vector<std::string>{};
        return Failure(std::move(names).error());
    }
    std::erase_if(*names, [](const std::string& name) { return !is_transaction_id(name); });
    std::sort(names->begin(), names->end());
    return std::move(*names);
}

Result<std::string> new_transaction_id(const StateView& state, double wall_seconds) {
    TRY_ASSIGN(auto ids, transaction_ids(state));
    // Years of four digits only, whatever the clock says.
    auto now = static_cast<std::time_t>(std::clamp(std::floor(wall_seconds), 0.0, 253'000'000'000.0));
    if (!ids.empty()) now = std::max(now, time_of(ids.back()) + 1);
    return cat(stamp(now), "-", random_tail());
}

bool is_transaction_id(std::string_view text) {
    if (text.size() != kIdShape.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        bool hex = digit || (text[i] >= 'a' && text[i] <= 'f');
        bool right = kIdShape[i] == 'd' ? digit : kIdShape[i] == 'x' ? hex : text[i] == kIdShape[i];
        if (!right) return false;
    }
    return true;
}

}  // namespace mirrorctl::txn
