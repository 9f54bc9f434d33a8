// completion: scripts made from the very grammar that parses the command line.
#include "base/strings.hpp"
#include "cli/command.hpp"
#include "cli/parse.hpp"

namespace mirrorctl::cli {

namespace {

std::vector<std::string> first_words(const std::vector<CommandWords>& all) {
    std::vector<std::string> words;
    for (const auto& entry : all)
        if (!entry.command.empty() && entry.command.find(' ') == std::string::npos)
            words.push_back(entry.command);
    return words;
}

std::string bash(const std::vector<CommandWords>& all) {
    std::string out =
        "# bash completion for mirrorctl\n_mirrorctl() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words= "
        "cmd= w\n"
        "    for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        case $w in -*) ;; *) cmd=${cmd:+$cmd }$w; [[ $cmd == profile ]] || break ;; esac\n    done\n"
        "    case $cmd in\n";
    for (const auto& entry : all) {
        if (entry.command.empty()) continue;
        auto words = entry.options;
        if (entry.command == "profile") words = {"list", "show", "lint"};
        if (entry.command == "completion") words.insert(words.end(), {"bash", "zsh", "fish"});
        out += cat("    \"", entry.command, "\") words=\"", join(words, " "), "\" ;;\n");
    }
    out += cat("    *) words=\"", join(first_words(all), " "), "\" ;;\n    esac\n    words+=\" ",
               join(all.front().options, " "), "\"\n",
               "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
               "    [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- \"$cur\"))\n}\ncomplete -F "
               "_mirrorctl mirrorctl\n");
    return out;
}

std::string zsh(const std::vector<CommandWords>& all) {
    std::string out = "#compdef mirrorctl\n_mirrorctl() {\n    local -a commands options\n    commands=(\n";
    for (const auto& entry : all)
        if (!entry.command.empty() && entry.command.find(' ') == std::string::npos)
            out += cat("        '", entry.command, ":",
                       replace_all(replace_all(entry.summary, "'", "'\\''"), ":", "\\:"), "'\n");
    out +=
        "    )\n    if (( CURRENT == 2 )); then _describe command commands; return; fi\n    case $words[2] "
        "in\n";
    for (const auto& entry : all) {
        if (entry.command.empty() || entry.command.find(' ') != std::string::npos) continue;
        auto words =
            entry.command == "profile" ? std::vector<std::string>{"list", "show", "lint"} : entry.options;
        out += cat("        ", entry.command, ") options=(", join(words, " "), ") ;;\n");
    }
    out += cat("    esac\n    options+=(", join(all.front().options, " "),
               ")\n    compadd -- $options\n    _files\n}\n_mirrorctl \"$@\"\n");
    return out;
}

std::string fish(const std::vector<CommandWords>& all) {
    std::string out = "# fish completion for mirrorctl\n";
    for (const auto& entry : all) {
        if (entry.command.find(' ') != std::string::npos) continue;
        auto summary = replace_all(entry.summary, "'", "\\'");
        if (!entry.command.empty())
            out += cat("complete -c mirrorctl -n __fish_use_subcommand -a ", entry.command, " -d '", summary,
                       "'\n");
        auto scope = entry.command.empty() ? std::string()
                                           : cat(" -n '__fish_seen_subcommand_from ", entry.command, "'");
        for (const auto& option : entry.options)
            out +=
                cat("complete -c mirrorctl", scope,
                    option.starts_with("--") ? " -l " + option.substr(2) : " -s " + option.substr(1), "\n");
    }
    out += "complete -c mirrorctl -n '__fish_seen_subcommand_from profile' -a 'list show lint'\n";
    out += "complete -c mirrorctl -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
    return out;
}

}  // namespace

Result<ExitCode> run_completion(Node& node, const CompletionOptions& options) {
    auto words = command_words();
    auto script = options.shell == "zsh" ? zsh(words) : options.shell == "fish" ? fish(words) : bash(words);
    print(node, ui::text_json("completion", "script", script), script);
    return ExitCode::done;
}

}  // namespace mirrorctl::cli
