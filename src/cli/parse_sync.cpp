#include "cli/parse_sync.hpp"

#include "base/strings.hpp"

#include <CLI/CLI.hpp>

namespace mirrorctl::cli {

namespace {

constexpr int kMostStreams = 64;
constexpr int kMostRetries = 20;

void add_what(CLI::App& command, SyncOptions& options) {
    command.add_option("REF", options.references,
                       "images as in docker pull (no tag: latest); - reads a list from stdin");
    command.add_option("--to", options.to, "where REFs go: HOST or HOST/PROJECT")->type_name("HOST/PROJECT");
    command.add_flag("--keep-path", options.keep_path,
                     "keep the whole repository path below --to, so that nodes can use it as a mirror");
    command.add_flag("--from-node", options.from_node,
                     "the images that docker or containerd hold on this node");
    command
        .add_option("--images", options.images_file, "rules: images.json or images.yaml as for image-syncer")
        ->type_name("FILE");
    command.add_option("--auth", options.auth_file, "logins: auth.json or auth.yaml as for image-syncer")
        ->type_name("FILE");
    command
        .add_option("--arch", options.arch,
                    "only these architectures, e.g. amd64,arm64 or arm:v7 (repeatable)")
        ->type_name("ARCH")
        ->expected(1)
        ->take_all()
        ->delimiter(',');
    command.add_option("--os", options.os, "only these systems, e.g. linux (repeatable)")
        ->type_name("OS")
        ->expected(1)
        ->take_all()
        ->delimiter(',');
    command.add_flag("--allow-missing-platform", options.allow_missing_platform,
                     "an image that has none of --arch and --os is skipped, not failed");
    command
        .add_option_function<std::string>(
            "--attestations", [&options](const std::string& word) { options.keep_attestations = word == "keep"; },
            "keep or drop what builders attest of an image, for registries that refuse it [keep]")
        ->check(CLI::IsMember({"keep", "drop"}))
        ->type_name("WORD");
}

void add_how(CLI::App& command, SyncWords& words) {
    auto& options = words.options;
    command
        .add_option("--profile", options.profile.profile,
                    "read sources through the fastest mirrors of this profile")
        ->type_name("P");
    command.add_option("--var", options.profile.variables, "a variable of the profile, K=V (repeatable)")
        ->type_name("K=V")
        ->expected(1)
        ->take_all();
    command.add_flag("-n,--dry-run", options.dry_run, "ask both sides, print what would move, move nothing");
    command.add_flag("--create-project", options.create_projects, "create missing projects (Harbor)");
    command.add_flag("--force", options.force, "push tags that the destination has already, with blobs that it has lost");
    command.add_option("-p,--concurrency,--proc", options.concurrency, "streams at once [8]")
        ->check(CLI::Range(1, kMostStreams))
        ->type_name("N");
    command.add_option("-r,--retries", options.retries, "tries again per request [4]")
        ->check(CLI::Range(0, kMostRetries))
        ->type_name("N");
    command.add_option("--rate", words.rate, "read at most this much per second, e.g. 20MiB")
        ->type_name("BYTES");
    command.add_option("--report", options.report_file, "write the document of --json there too")
        ->type_name("FILE");
    command.add_option("--failed", options.failed_file, "write what failed there, as rules for --images")
        ->type_name("FILE");
    command
        .add_option("--emit-profile", options.emit_profile,
                    "write a profile with which nodes use the destination as their mirror")
        ->type_name("FILE");
}

}  // namespace

void add_sync_command(CLI::App& app, SyncWords& words) {
    auto* command =
        app.add_subcommand("sync", "copy images between registries, digests kept; fills your own registry");
    command->fallthrough();
    command->footer(
        "Examples:\n"
        "  mirrorctl sync --auth auth.json --images images.json --arch amd64 --os linux\n"
        "  mirrorctl sync nginx:1.27 quay.io/coreos/etcd:v3.5.0 --to hub.example.com/library --dry-run\n"
        "  mirrorctl sync --from-node --to hub.example.com --keep-path --emit-profile site.yaml\n"
        "Logins: --auth, then ~/.docker/config.json and its credential helpers.\n"
        "Exit status: 0 every image is there, 1 some failed, 2 wrong rules or logins (nothing was started), "
        "9 no "
        "image was\nselected, 10 a registry's pull limit is used up.");
    add_what(*command, words.options);
    add_how(*command, words);
}

Result<SyncOptions> sync_options(const SyncWords& words) {
    auto options = words.options;
    auto refused = [](std::string message, std::string hint) {
        return Failure(
            Error{.code = ErrorCode::usage, .message = std::move(message), .hint = std::move(hint)});
    };
    bool references = !options.references.empty() || options.from_node;
    if (!references && options.images_file.empty())
        return refused("nothing to copy: neither images nor --images nor --from-node was given",
                       "mirrorctl sync --help");
    if (references && options.to.empty())
        return refused("no destination: --to is missing", "mirrorctl sync REF --to hub.example.com/project");
    if (!references && (!options.to.empty() || options.keep_path))
        return refused(
            "--to and --keep-path belong to REFs and --from-node: rules name their destinations themselves",
            "mirrorctl sync --help");
    if (!words.rate.empty()) {
        auto rate = parse_bytes(words.rate);
        if (!rate || *rate <= 0)
            return refused(cat("bad value for --rate: ", printable_line(words.rate, 40)),
                           "write it like 20MiB");
        options.rate = *rate;
    }
    return options;
}

}  // namespace mirrorctl::cli
