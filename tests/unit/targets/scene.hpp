// A node for the tests of targets: files in memory, facts, and a small stand-in for the planner that carries
// proposals out.
#pragma once

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "support/mem_fs.hpp"
#include "targets/target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace mirrorctl::targets::test {

inline Mirror mirror(std::string_view url, MirrorForm form = MirrorForm::host) {
    return {.url = parse_url(url).value(), .form = form, .trust = Trust::resolve, .operator_name = "test"};
}

inline ChosenMirror chosen(std::string_view url, bool may_resolve = true,
                           MirrorForm form = MirrorForm::host) {
    return {.mirror = mirror(url, form), .may_resolve = may_resolve};
}

inline DesiredUpstream upstream(const std::string& name, std::vector<ChosenMirror> mirrors) {
    auto origin =
        parse_url("https://" + (name == "docker.io" ? std::string("registry-1.docker.io") : name)).value();
    return {.name = name, .origin = origin, .mirrors = std::move(mirrors)};
}

inline Version version(const std::string& text) {
    return Version::parse(text).value();
}

class Scene : public testing::Test {
  public:
    Scene() {
        node.docker.installed = true;
        node.docker.version = version("24.0.7");
        node.containerd.installed = true;
        node.containerd.version = version("1.7.24");
        node.users = {{.name = "root", .uid = 0, .gid = 0, .home = TargetPath("/root")},
                      {.name = "ann", .uid = 1000, .gid = 1001, .home = TargetPath("/home/ann")}};
    }

    Result<Proposal> propose(const Target& target) {
        return target.propose(
            {.node = node, .fs = fs, .desired = desired, .owned = owned, .forced = forced, .yields = yields});
    }

    // Carries the proposal out as the planner does: files change, receipts say what is ours.
    void apply(const Target& target) {
        auto proposal = propose(target);
        ASSERT_TRUE(proposal) << to_string(proposal.error());
        last = *proposal;
        changed.clear();
        for (const auto& intent : proposal->files) carry_out(target, intent);
    }

    std::string error_of(const Target& target) {
        auto proposal = propose(target);
        return proposal ? ""
                        : cat(name_of(proposal.error().code), ": ", to_string(proposal.error()), " | ",
                              proposal.error().hint);
    }

    std::string text_of(const std::string& path) {
        auto text = fs.read(TargetPath(path));
        return text ? *text : "(absent)";
    }

    const FileIntent* intent_for(const std::string& path) const {
        auto it = std::find_if(last.files.begin(), last.files.end(),
                               [&](const FileIntent& i) { return i.path.str() == path; });
        return it == last.files.end() ? nullptr : &*it;
    }

    std::vector<std::string> codes() const {
        std::vector<std::string> all;
        for (const auto& warning : last.warnings) all.push_back(warning.code);
        return all;
    }
    bool warned(const std::string& code) const {
        auto all = codes();
        return std::find(all.begin(), all.end(), code) != all.end();
    }

    support::MemFs fs;
    NodeFacts node;
    DesiredState desired;
    Ownership owned;
    bool forced = false;
    bool yields = false;
    Proposal last;
    std::vector<std::string> changed;  // paths that the last apply wrote or removed

  private:
    void carry_out(const Target& target, const FileIntent& intent) {
        auto before = fs.read(intent.path);
        auto it = owned.files.find(intent.path);
        const auto* ours = it == owned.files.end() ? nullptr : &it->second;
        std::optional<std::string> after;
        if (intent.whole) {
            if (!intent.wanted.empty())
                after = edit_text(*intent.codec, intent.skeleton, intent.wanted).value();
        } else if (before || !intent.wanted.empty()) {
            after = merged(intent, before ? *before : intent.skeleton, ours);
        }
        if (after.has_value() == before.has_value() && (!after || *after == *before)) return;
        changed.push_back(intent.path.str());
        FileState base{.present = before.has_value(), .bytes = before ? *before : ""};
        if (ours != nullptr) base = ours->base;
        if (after)
            fs.put(intent.path.str(), *after,
                   before ? fs.node(intent.path.str()).meta.mode : intent.file_meta.mode);
        else
            fs.erase(intent.path.str());
        record(target, intent, base);
    }

    std::optional<std::string> merged(const FileIntent& intent, const std::string& start,
                                      const Ownership::File* ours) {
        Values base;
        if (ours != nullptr && ours->base.present) base = intent.codec->read(ours->base.bytes).value();
        auto values = compose(*intent.codec, intent.codec->read(start).value(),
                              ours == nullptr ? Values{} : ours->values, intent.wanted, base);
        auto text = edit_text(*intent.codec, start, values);
        EXPECT_TRUE(text) << to_string(text.error());
        auto bare = edit_text(*intent.codec, intent.skeleton, {});
        EXPECT_TRUE(bare) << to_string(bare.error());
        bool created = ours != nullptr && !ours->base.present;
        if (intent.wanted.empty() && created && *text == *bare) return std::nullopt;
        return *text;
    }

    void record(const Target& target, const FileIntent& intent, const FileState& base) {
        if (intent.wanted.empty()) {
            owned.files.erase(intent.path);
            return;
        }
        Ownership::File file{.target = std::string(target.name), .values = intent.wanted, .base = base};
        Values users;
        if (base.present && !intent.whole) users = intent.codec->read(base.bytes).value();
        for (auto& [key, values] : file.values) {
            bool shared = std::find(intent.codec->shared_lists.begin(), intent.codec->shared_lists.end(),
                                    key) != intent.codec->shared_lists.end();
            if (shared)
                std::erase_if(values, [&, &at = key](const std::string& v) {
                    return std::find(users[at].begin(), users[at].end(), v) != users[at].end();
                });
            if (intent.secret)
                for (auto& value : values) value = sha256_digest(value);
        }
        owned.files[intent.path] = file;
    }
};

}  // namespace mirrorctl::targets::test
