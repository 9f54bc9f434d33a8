// One source and one destination as rule files and the command line write them: image-syncer's grammar
// (AliyunContainerService/image-syncer, pkg/utils/url.go), with docker's normalisation of names.
#pragma once

#include "base/result.hpp"
#include "sync/reference.hpp"
#include "sync/rule.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::sync {

using ReadVariable = std::function<std::optional<std::string>(const char* name)>;

struct SourceText {
    Location location;
    Selector selector;
};

// "NAME", "NAME:tag", "NAME:a, b", "NAME:/regex/", "NAME@sha256:...", "NAME:tag@sha256:...". Errors: parse.
Result<SourceText> parse_source(std::string_view text);

struct DestinationText {
    Location location;
    std::vector<std::string> tags = {};
    std::string digest = {};
};

// "HOST/NAME", with ":tag", ":a,b" or "@digest"; $NAME and ${NAME} stand for environment variables. Errors:
// parse; usage for a variable that is not set.
Result<DestinationText> parse_destination(std::string_view text, const ReadVariable& variable);

// The value of the variable if `text` as a whole is "$NAME" or "${NAME}", else `text` as it stands: a robot
// account's "robot$ci" keeps its "$". Errors: usage for a variable that is not set.
Result<std::string> expand_whole(const std::string& text, const ReadVariable& variable);

// "docker.io" for the names that people give Docker Hub; lower case.
std::string registry_name(std::string_view host);

// True if the part of a reference in front of the first slash is a host and not a name of Docker Hub.
bool names_registry(std::string_view first);

}  // namespace mirrorctl::sync
