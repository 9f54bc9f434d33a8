#include "cli/parse.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::cli::parse_test {
namespace {

Invocation parsed(const std::vector<std::string>& arguments) {
    auto result = parse(arguments);
    if (!result) {
        ADD_FAILURE() << to_string(result.error());
        return {};
    }
    return std::get<Invocation>(*result);
}

Error refused(const std::vector<std::string>& arguments) {
    auto result = parse(arguments);
    if (result) {
        ADD_FAILURE() << "was accepted";
        return {};
    }
    EXPECT_EQ(result.error().code, ErrorCode::usage);
    return result.error();
}

std::string answer(const std::vector<std::string>& arguments) {
    auto result = parse(arguments);
    return result && std::holds_alternative<Answer>(*result) ? std::get<Answer>(*result).text : "no answer";
}

TEST(Parse, GlobalOptionsBeforeAndAfterTheCommand) {
    for (const auto& words : {std::vector<std::string>{"--json", "--root", "/r", "status"},
                              {"status", "--json", "--root", "/r"}}) {
        auto invocation = parsed(words);
        EXPECT_TRUE(invocation.global.json);
        EXPECT_EQ(invocation.global.root, "/r");
        EXPECT_EQ(invocation.command, "status");
    }
}

TEST(Parse, ApplyOptions) {
    auto invocation =
        parsed({"apply", "--profile", "cn", "--target", "docker-daemon", "--target", "containerd-hosts",
                "--var", "a=b", "--wait", "60s", "--http-proxy", "", "-n", "--upstream", "quay.io"});
    const auto& options = std::get<ApplyOptions>(invocation.options);
    EXPECT_EQ(options.profile.profile, "cn");
    EXPECT_EQ(options.targets, (std::vector<std::string>{"docker-daemon", "containerd-hosts"}));
    EXPECT_EQ(options.profile.variables, (std::vector<std::string>{"a=b"}));
    EXPECT_EQ(options.profile.upstreams, (std::vector<std::string>{"quay.io"}));
    EXPECT_DOUBLE_EQ(options.wait_seconds, 60);
    EXPECT_TRUE(options.dry_run);
    ASSERT_TRUE(options.proxy.http.has_value());
    EXPECT_EQ(*options.proxy.http, "");
    EXPECT_FALSE(options.proxy.https.has_value());
}

TEST(Parse, SavedPlanIsPositional) {
    auto invocation = parsed({"apply", "plan.json"});
    EXPECT_EQ(std::get<ApplyOptions>(invocation.options).plan_file, "plan.json");
    EXPECT_TRUE(std::get<ApplyOptions>(parsed({"plan", "--out", "p.json", "--exit-code"}).options).as_plan);
}

TEST(Parse, NestedCommandsHaveTheirOwnNames) {
    EXPECT_EQ(parsed({"profile", "list"}).command, "profile-list");
    EXPECT_EQ(parsed({"profile", "show", "cn"}).command, "profile-show");
    EXPECT_EQ(parsed({"profile", "lint", "x.yaml"}).command, "profile-lint");
    EXPECT_EQ(parsed({}).command, "overview");
}

TEST(Parse, TyposGetASuggestion) {
    EXPECT_NE(refused({"aply"}).hint.find("apply"), std::string::npos);
    EXPECT_NE(refused({"apply", "--profil=cn"}).hint.find("--profile"), std::string::npos);
    EXPECT_NE(refused({"profile", "lst"}).message.find("lst"), std::string::npos);
    EXPECT_NE(refused({"apply", "--wait", "60"}).message.find("--wait"), std::string::npos);
    EXPECT_NE(refused({"bench", "--budget", "1e308d"}).message.find("at most 366 d"), std::string::npos);
    EXPECT_NE(refused({"apply", "--splay", "1e300s"}).message.find("at most 366 d"), std::string::npos);
    EXPECT_NE(refused({"apply", "--restart", "maybe"}).message.find("maybe"), std::string::npos);
    refused({"--quiet", "--verbose", "status"});
    refused({"completion", "tcsh"});
}

TEST(Parse, EveryCommandHasHelpWithAnExample) {
    for (const auto& words : command_words()) {
        if (words.command.empty()) continue;
        std::vector<std::string> arguments;
        std::string word;
        for (char c : words.command + " ") {
            if (c != ' ') {
                word += c;
                continue;
            }
            arguments.push_back(word);
            word.clear();
        }
        arguments.emplace_back("--help");
        auto text = answer(arguments);
        EXPECT_NE(text.find("mirrorctl " + words.command), std::string::npos) << words.command << "\n"
                                                                              << text;
        EXPECT_NE(text.find("xample"), std::string::npos) << words.command;
        EXPECT_FALSE(words.summary.empty());
    }
    EXPECT_NE(answer({"--help"}).find("sudo mirrorctl apply --profile cn"), std::string::npos);
    EXPECT_EQ(answer({"--version"}).substr(0, 10), "mirrorctl ");
}

}  // namespace
}  // namespace mirrorctl::cli::parse_test
