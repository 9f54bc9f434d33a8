#include "cli/parse.hpp"

#include "base/strings.hpp"
#include "cli/parse_fleet.hpp"
#include "cli/parse_inspect.hpp"
#include "cli/parse_sync.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace mirrorctl::cli {

namespace {

constexpr const char* kIntro =
    "Makes container image pulls fast on this node, and keeps them fast: measures mirrors the way a pull "
    "works, picks the\n"
    "fastest that is correct, writes the files of docker, containerd and systemd in one transaction, and can "
    "undo it.";

constexpr const char* kEpilogue =
    "Examples:\n"
    "  mirrorctl bench --profile cn          measure and rank; changes nothing, needs no root\n"
    "  sudo mirrorctl apply --profile cn     pick, write, activate, verify\n"
    "  sudo mirrorctl rollback               undo the last apply\n"
    "Exit status: 0 done or nothing to do, 1 failed and unchanged, 2 usage, 3 differences (--exit-code), 4 "
    "stale plan or\n"
    "foreign change, 5 failed and rolled back, 6 failed and not restored, 7 lock held, 8 no usable mirror or "
    "origin.";

// Everything that CLI11 writes into; lives until the parse is done.
struct Grammar {
    GlobalOptions global;
    ApplyOptions apply, plan;
    BenchOptions bench;
    InspectOptions inspect;
    RollbackOptions rollback;
    ResetOptions reset;
    RecoverOptions recover;
    ProfileShowOptions show;
    ProfileLintOptions lint;
    SyncWords sync;
    CompletionOptions completion;
    std::string color = "auto";
    std::string wait, plan_wait, budget, splay;
    CLI::App app{kIntro, "mirrorctl"};

    Grammar();
    Grammar(const Grammar&) = delete;
    Grammar& operator=(const Grammar&) = delete;

  private:
    CLI::App* add(CLI::App& parent, const char* name, const char* summary, const char* examples);
    void add_globals();
    void add_apply(const char* name, const char* summary, const char* examples, ApplyOptions& options,
                   std::string& wait_text);
    void add_profile_options(CLI::App& command, ProfileOptions& options);
    void add_proxy_options(CLI::App& command, ProxyOptions& options);
    void add_undo_commands();
    void add_profile_commands();
};

CLI::App* Grammar::add(CLI::App& parent, const char* name, const char* summary, const char* examples) {
    auto* command = parent.add_subcommand(name, summary);
    command->fallthrough();
    command->footer(examples);
    return command;
}

void Grammar::add_globals() {
    app.add_option("--root", global.root, "act on the system below DIR; nothing is executed there")
        ->type_name("DIR");
    app.add_option("--state-dir", global.state_dir,
                   "where backups and the journal live [ROOT/var/lib/mirrorctl]")
        ->type_name("DIR");
    app.add_flag("--json", global.json, "print exactly one JSON document on stdout");
    app.add_flag("-q,--quiet", global.quiet, "say nothing but errors");
    app.add_flag("-v,--verbose", global.verbose, "say each step");
    app.add_option("--color", color, "auto, always or never")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->type_name("WHEN");
    app.set_version_flag("--version", std::string("mirrorctl ") + MIRRORCTL_VERSION, "print the version");
}

void Grammar::add_profile_options(CLI::App& command, ProfileOptions& options) {
    command
        .add_option("--profile", options.profile,
                    "a profile's name, or a path if it has a / or ends in .yaml")
        ->type_name("P");
    command.add_option("--upstream", options.upstreams, "only this registry (repeatable)")
        ->type_name("R")
        ->expected(1)
        ->take_all();
    command.add_option("--var", options.variables, "a variable of the profile, K=V (repeatable)")
        ->type_name("K=V")
        ->expected(1)
        ->take_all();
}

void Grammar::add_proxy_options(CLI::App& command, ProxyOptions& options) {
    auto add_one = [&](const char* flag, std::optional<std::string>& value, const char* text) {
        auto keep = [&value](const std::string& given) { value = given; };
        return command.add_option_function<std::string>(flag, keep, text)->type_name("URL|@FILE");
    };
    add_one("--http-proxy", options.http,
            "proxy for http; @FILE reads it from a 0600 file; \"\" takes it away [$MIRRORCTL_HTTP_PROXY]");
    add_one("--https-proxy", options.https, "proxy for https [$MIRRORCTL_HTTPS_PROXY]");
    add_one("--all-proxy", options.all, "proxy for both, socks5 too [$MIRRORCTL_ALL_PROXY]");
    add_one("--no-proxy", options.no_proxy,
            "hosts and networks that are reached directly, comma-separated [$MIRRORCTL_NO_PROXY]")
        ->type_name("LIST|@FILE");
}

void Grammar::add_apply(const char* name, const char* summary, const char* examples, ApplyOptions& options,
                        std::string& wait_text) {
    auto* command = add(app, name, summary, examples);
    add_profile_options(*command, options.profile);
    command
        ->add_option("--target", options.targets,
                     "write this target, even if its engine is not detected (repeatable)")
        ->type_name("T")
        ->expected(1)
        ->take_all();
    command
        ->add_option("--restart", options.restart,
                     "restart engines: never, if-safe (stops no container) or always [if-safe]")
        ->check(CLI::IsMember({"never", "if-safe", "always"}))
        ->type_name("WHEN");
    command->add_flag("--offline", options.offline,
                      "probe nothing: use the last ranking, else the profile's order");
    command->add_flag(
        "--allow-unmeasured", options.allow_unmeasured,
        "if nothing can be measured, write trusted mirrors that gave no answer, in the profile's order");
    command->add_flag("--fresh", options.fresh,
                      "measure even if the last ranking is still good, and try again what broke an engine");
    add_ranking(*command, options.ranking_file);
    command->add_option("--wait", wait_text, "wait this long for the network, e.g. 60s")->type_name("TIME");
    command->add_option("--user", options.user, "whose ~/.docker/config.json [the sudo user, else root]")
        ->type_name("NAME");
    add_proxy_options(*command, options.proxy);
    command->add_flag(
        "--allow-in-place", options.allow_in_place,
        "overwrite a file that is a mount point; a crash in that moment can leave it half written");
    if (options.as_plan) {
        command->add_option("--out", options.out_file, "save the plan (0600) for `mirrorctl apply FILE`")
            ->type_name("FILE");
        command->add_flag("--exit-code", options.exit_code, "exit 3 if something would change");
    } else {
        add_splay(*command, splay);
        add_metrics(*command, options.metrics_file);
        command->add_flag("-n,--dry-run", options.dry_run, "show what would be done, as `plan` does");
        command->add_option("PLAN", options.plan_file,
                            "a plan saved by `mirrorctl plan --out`; its --profile FILE, --var, --user and "
                            "proxies are to be given again");
    }
}

void Grammar::add_undo_commands() {
    auto restart = [](CLI::App& command, std::string& value) {
        command.add_option("--restart", value, "restart engines: never, if-safe or always [if-safe]")
            ->check(CLI::IsMember({"never", "if-safe", "always"}))
            ->type_name("WHEN");
    };
    auto* back =
        add(app, "rollback", "undo the last transaction, or one and all later ones",
            "Examples:\n  sudo mirrorctl rollback\n  sudo mirrorctl rollback 20261123T101500Z-4f2a -n\n"
            "What you edited since stays; values of ours that you changed are left and reported.");
    back->add_option("ID", rollback.transaction, "undo this transaction and all later ones [the last]");
    back->add_flag("-n,--dry-run", rollback.dry_run, "show what would be done");
    restart(*back, rollback.restart);
    auto* clear = add(app, "reset", "remove everything that is ours from this node",
                      "Example:\n  sudo mirrorctl reset\nWorks without the state directory too: files by "
                      "their header, mirrors by the known profiles.");
    clear->add_flag("-n,--dry-run", reset.dry_run, "show what would be done");
    restart(*clear, reset.restart);
    auto* mend = add(app, "recover", "finish or undo what a crash left",
                     "Example:\n  sudo mirrorctl recover\nEvery writing command does this first.");
    mend->add_flag("--keep-current", recover.keep_current,
                   "accept files that somebody edited in the meantime as they are");
}

void Grammar::add_profile_commands() {
    auto* group = add(app, "profile", "the mirrors we know: list, show, lint",
                      "Examples:\n  mirrorctl profile list\n  mirrorctl profile show cn");
    group->require_subcommand(1);
    add(*group, "list", "all profiles", "Example:\n  mirrorctl profile list");
    auto* shown = add(*group, "show", "a profile after extends and variables",
                      "Example:\n  mirrorctl profile show cn-aliyun --var aliyun_id=abc123");
    shown->add_option("P", show.profile.profile, "name or path")->required();
    shown->add_option("--var", show.profile.variables, "a variable of the profile, K=V (repeatable)")
        ->type_name("K=V")
        ->expected(1)
        ->take_all();
    auto* linted = add(*group, "lint", "check a profile file, and for mistakes seen in the wild",
                       "Example:\n  mirrorctl profile lint ./site.yaml");
    linted->add_option("FILE", lint.file, "the file")->required();
}

Grammar::Grammar() {
    plan.as_plan = true;
    plan.dry_run = true;
    app.footer(kEpilogue);
    app.require_subcommand(0, 1);
    app.fallthrough();
    add_globals();
    add_apply("apply", "measure what is not fresh, decide, write, activate, verify",
              "Examples:\n  sudo mirrorctl apply --profile cn\n  sudo mirrorctl apply --profile cn --target "
              "containerd-hosts --json\n"
              "  sudo mirrorctl apply plan.json\nNever asks a question; a second run changes nothing.",
              apply, wait);
    auto* measure = add(app, "bench", "measure and rank the mirrors; changes nothing, needs no root",
                        "Examples:\n  mirrorctl bench --profile cn\n  mirrorctl bench --profile cn "
                        "--upstream docker.io --image library/nginx:1.27\n"
                        "  mirrorctl bench --profile cn --html mirrors.html\n  mirrorctl bench --profile cn "
                        "--json > ranking.json");
    add_profile_options(*measure, bench.profile);
    measure
        ->add_option("--image", bench.image,
                     "probe the mirrors of its registry with this image, REF as in docker pull")
        ->type_name("REF");
    measure->add_option("--budget", budget, "time for everything, e.g. 10s [the profile's]")
        ->type_name("TIME");
    measure->add_option("--html", bench.html_file, "write the report as one web page too")->type_name("FILE");
    add_metrics(*measure, bench.metrics_file);
    add_proxy_options(*measure, bench.proxy);
    add_apply("plan", "what apply would do, as a unified diff with the activations",
              "Examples:\n  mirrorctl plan --profile cn\n  mirrorctl plan --profile cn --out plan.json && "
              "sudo mirrorctl apply plan.json",
              plan, plan_wait);
    add_inspect_commands(app, inspect);
    add_undo_commands();
    add(app, "history", "the transactions of this node, newest first", "Example:\n  mirrorctl history");
    add_profile_commands();
    add_sync_command(app, sync);
    add(app, "targets", "what can be written, what is detected here, and why not",
        "Example:\n  mirrorctl targets");
    auto* shell = add(app, "completion", "print a completion script",
                      "Example:\n  mirrorctl completion bash > /etc/bash_completion.d/mirrorctl");
    shell->add_option("SHELL", completion.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

Error usage_error(std::string message, std::string hint = "mirrorctl --help") {
    return {.code = ErrorCode::usage, .message = std::move(message), .hint = std::move(hint)};
}

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const auto* option : command.get_options()) {
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
        for (const auto& name : option->get_snames()) names.push_back("-" + name);
    }
    return names;
}

// The word that CLI11 could not place, with the nearest command or option.
Error unknown_word(const Grammar& grammar, const CLI::App* command, const std::string& word) {
    std::vector<std::string> known = option_names(grammar.app);
    if (command != nullptr) {
        auto own = option_names(*command);
        known.insert(known.end(), own.begin(), own.end());
    }
    bool is_option = word.starts_with("-");
    if (!is_option) {
        known.clear();
        const CLI::App& parent = command != nullptr ? *command : grammar.app;
        for (const auto* sub : parent.get_subcommands([](const CLI::App*) { return true; }))
            known.push_back(sub->get_name());
    }
    auto bare = word.substr(0, word.find('='));
    auto near = nearest(bare, known);
    auto what = is_option                             ? "unknown option: "
                : command != nullptr && known.empty() ? "unexpected argument: "
                                                      : "unknown command: ";
    auto help = command != nullptr ? cat("mirrorctl ", command->get_name(), " --help")
                                   : std::string("mirrorctl --help");
    return usage_error(what + printable_line(bare, 60),
                       near ? cat("did you mean ", *near, "? See ", help) : help);
}

Result<double> duration(const std::string& text, std::string_view option) {
    if (text.empty()) return 0.0;
    auto seconds = parse_duration(text);
    if (!seconds)
        return Failure(usage_error(cat("bad value for ", option, ": ", printable_line(text, 40),
                                       ": expected a time with its unit, like 10s or 2m, of at most ",
                                       format_duration(kLongestDuration))));
    return *seconds;
}

Result<CommandOptions> chosen_options(Grammar& grammar, const std::string& name) {
    if (name == "apply") {
        TRY_ASSIGN(grammar.apply.wait_seconds, duration(grammar.wait, "--wait"));
        TRY_ASSIGN(grammar.apply.splay_seconds, duration(grammar.splay, "--splay"));
        return grammar.apply;
    }
    if (name == "plan") {
        TRY_ASSIGN(grammar.plan.wait_seconds, duration(grammar.plan_wait, "--wait"));
        return grammar.plan;
    }
    if (name == "bench") {
        TRY_ASSIGN(auto budget, duration(grammar.budget, "--budget"));
        if (!grammar.budget.empty()) grammar.bench.budget_seconds = budget;
        return grammar.bench;
    }
    if (name == "status") return grammar.inspect.status;
    if (name == "doctor") return grammar.inspect.doctor;
    if (name == "explain") return grammar.inspect.explain;
    if (name == "rollback") return grammar.rollback;
    if (name == "reset") return grammar.reset;
    if (name == "recover") return grammar.recover;
    if (name == "history") return HistoryOptions{};
    if (name == "targets") return TargetsOptions{};
    if (name == "profile-list") return ProfileListOptions{};
    if (name == "profile-show") return grammar.show;
    if (name == "profile-lint") return grammar.lint;
    if (name == "sync") {
        TRY_ASSIGN(auto sync, sync_options(grammar.sync));
        return sync;
    }
    if (name == "completion") return grammar.completion;
    return OverviewOptions{};
}

const CLI::App* deepest(const CLI::App& app) {
    auto subs = app.get_subcommands();
    return subs.empty() ? &app : deepest(*subs.front());
}

std::string command_name(const Grammar& grammar) {
    const auto* command = deepest(grammar.app);
    if (command == &grammar.app) return "overview";
    const auto* parent = command->get_parent();
    return parent != &grammar.app ? parent->get_name() + "-" + command->get_name() : command->get_name();
}

Result<Invocation> invocation(Grammar& grammar) {
    Invocation result;
    result.global = grammar.global;
    result.global.color = grammar.color == "always"  ? ui::ColorChoice::always
                          : grammar.color == "never" ? ui::ColorChoice::never
                                                     : ui::ColorChoice::automatic;
    if (result.global.quiet && result.global.verbose)
        return Failure(usage_error("--quiet and --verbose exclude each other"));
    result.command = command_name(grammar);
    TRY_ASSIGN(result.options, chosen_options(grammar, result.command));
    return result;
}

Error explain(const Grammar& grammar, const CLI::ParseError& error) {
    const auto* command = deepest(grammar.app);
    if (command == &grammar.app) command = nullptr;
    // A word that is no command: either left over, or missing where a subcommand is required.
    auto words = grammar.app.remaining(true);
    bool required = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
    if (!words.empty() && (required || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr))
        return unknown_word(grammar, command, words.front());
    return usage_error(printable_line(error.what(), 300),
                       command != nullptr ? cat("mirrorctl ", command->get_name(), " --help")
                                          : std::string("mirrorctl --help"));
}

}  // namespace

Result<std::variant<Invocation, Answer>> parse(const std::vector<std::string>& arguments) {
    Grammar grammar;
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        grammar.app.parse(reversed);
    } catch (const CLI::CallForVersion&) {
        return Answer{std::string("mirrorctl ") + MIRRORCTL_VERSION + "\n"};
    } catch (const CLI::CallForHelp&) {
        return Answer{grammar.app.help()};  // of the command that was named
    } catch (const CLI::ParseError& error) {
        return Failure(explain(grammar, error));
    }
    TRY_ASSIGN(auto parsed, invocation(grammar));
    return parsed;
}

std::vector<CommandWords> command_words() {
    Grammar grammar;
    std::vector<CommandWords> words{{.command = "", .summary = "", .options = option_names(grammar.app)}};
    auto all = [](const CLI::App*) { return true; };
    for (const auto* command : grammar.app.get_subcommands(all)) {
        words.push_back({.command = command->get_name(),
                         .summary = command->get_description(),
                         .options = option_names(*command)});
        for (const auto* sub : command->get_subcommands(all))
            words.push_back({.command = command->get_name() + " " + sub->get_name(),
                             .summary = sub->get_description(),
                             .options = option_names(*sub)});
    }
    return words;
}

}  // namespace mirrorctl::cli
