#include "txn/file_undo.hpp"

#include "base/strings.hpp"
#include "txn/drift.hpp"

namespace mirrorctl::txn {
namespace {

Warning kept(const TargetPath& path, std::string_view what) {
    return {.code = "kept_foreign_value",
            .message = cat("left as it is: ", path.str(), ": ", what),
            .hint = cat("edit ", path.str(), " by hand if it is not wanted")};
}

class ChainUndo {
  public:
    ChainUndo(const Chain& chain, const targets::Codec* codec, Sight now)
        : path_(chain.front()->path), codec_(codec), now_{.state = std::move(now.state)} {}

    Result<void> step(const FileChange& done) {
        if (!difference(now_, done.after)) {
            now_.state = done.before;
            return {};
        }
        exact_ = false;
        if (!now_.state.present) {
            warn("somebody removed it");
            return {};
        }
        if (!done.before.present && !done.after.present) return {};
        if (!codec_) {
            warn("somebody changed it, and its format is not known");
            return {};
        }
        return undo_values(done);
    }

    bool exact() const { return exact_; }
    FileState take_state() { return std::move(now_.state); }
    std::vector<Warning> take_warnings() { return std::move(warnings_); }

  private:
    void warn(std::string_view what) { warnings_.push_back(kept(path_, what)); }

    Result<void> undo_values(const FileChange& done) {
        TRY_ASSIGN(auto before, codec_->read(done.before.bytes));
        TRY_ASSIGN(auto after, codec_->read(done.after.bytes));
        auto now = codec_->read(now_.state.bytes);
        if (!now) return Failure(in_context(std::move(now).error(), path_.str()));
        std::vector<std::string> changed_since;
        auto wanted = targets::undo(*codec_, before, after, *now, changed_since);
        for (const auto& key : changed_since) warn(cat(key, " was changed since"));
        if (wanted != *now) {
            auto text = targets::edit_text(*codec_, now_.state.bytes, wanted);
            if (!text) return Failure(in_context(std::move(text).error(), path_.str()));
            now_.state.bytes = std::move(*text);
        }
        if (done.before.present && now_.state.meta == done.after.meta) now_.state.meta = done.before.meta;
        return {};
    }

    TargetPath path_;
    const targets::Codec* codec_;
    Sight now_;
    bool exact_ = true;
    std::vector<Warning> warnings_;
};

// `state` with the keys that only its planned twin has (an empty list where `state` has none): what an engine
// must see first.
Result<std::optional<FileState>> interim_like(const targets::Codec* codec, const FileState& state,
                                              const std::optional<FileState>& twin) {
    if (!twin || !codec || !state.present) return std::nullopt;
    TRY_ASSIGN(auto wanted, codec->read(state.bytes));
    TRY_ASSIGN(auto extra, codec->read(twin->bytes));
    bool adds = false;
    for (auto& [key, values] : extra) adds |= values.empty() && wanted.try_emplace(key, values).second;
    if (!adds) return std::nullopt;
    auto interim = state;
    TRY_ASSIGN(interim.bytes, targets::edit_text(*codec, state.bytes, wanted));
    return interim;
}

}  // namespace

std::optional<Values> values_of(const targets::Codec& codec, const FileState& state) {
    auto values = codec.read(state.present ? state.bytes : "");
    return values ? std::optional(std::move(*values)) : std::nullopt;
}

Result<FileUndo> undo_chain(const sys::FsReader& fs, const Chain& chain, const targets::Codec* codec) {
    const auto& newest = *chain.front();
    const auto& oldest = *chain.back();
    TRY_ASSIGN(auto sight, look_at(fs, newest));
    if (!sight.oddity.empty())
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = cat("cannot roll back: ", newest.path.str(), ": ", sight.oddity)});
    FileChange change = newest;
    change.before = sight.state;
    change.owned.clear();
    ChainUndo undo(chain, codec, std::move(sight));
    for (const auto* done : chain) TRY(undo.step(*done));
    bool exact = undo.exact();
    FileUndo out{.change = std::move(change)};
    out.change.after = undo.take_state();
    out.warnings = undo.take_warnings();
    if (exact) {
        out.change.interim = oldest.undo_interim;
        out.change.undo_interim = newest.interim;
        return out;
    }
    TRY_ASSIGN(out.change.interim, interim_like(codec, out.change.after, oldest.undo_interim));
    TRY_ASSIGN(out.change.undo_interim, interim_like(codec, out.change.before, newest.interim));
    return out;
}

}  // namespace mirrorctl::txn
