// The events of a bench <-> JSON, for the pipe between the process that measures and the one that shows.
#pragma once

#include "base/result.hpp"
#include "model/event.hpp"

#include <string>
#include <string_view>

namespace mirrorctl {

// One line without a newline. An event that is not of a bench is "".
std::string event_to_json(const Event& event);

// What it reads is printable and bounded (as report_from_json). Errors: parse.
Result<Event> event_from_json(std::string_view text);

}  // namespace mirrorctl
