#include "cli/sync_apart.hpp"

#include "base/strings.hpp"
#include "profile/yaml.hpp"
#include "sys/confined.hpp"
#include "ui/sync_messages.hpp"

#include <limits>
#include <optional>

namespace mirrorctl::cli {

namespace {

// The first character of a message.
constexpr char kState = 's';
constexpr char kNewImage = 'n';  // one that has just ended
constexpr char kImage = 'i';     // of the document
constexpr char kFailed = 'f';    // for the file of failed ones
constexpr char kProfile = 'p';
constexpr char kEnd = 'e';
constexpr char kInterrupted = 'x';

constexpr double kPatience = 30;  // seconds for taking back uploads; a second signal ends us at once
constexpr std::size_t kMaxMessage = 16U << 20U;
constexpr std::size_t kMaxImages = 1'000'000;

void report(const SyncOutcome& outcome, const sys::Send& send) {
    for (const auto& image : outcome.document.images) send(kImage + ui::image_message(image));
    for (const auto& [source, destination] : outcome.failed)
        send(kFailed + ui::image_message(
                           {.source = source, .destination = destination, .outcome = "failed", .why = {}}));
    if (!outcome.profile.empty()) send(kProfile + outcome.profile);
    send(kEnd + ui::end_message(outcome.document));
}

void work_there(const SyncWork& work, const sys::Send& send, const sys::StopRequested& stop_requested) {
    auto outcome =
        work({.state = [&](const ui::SyncState& state) { send(kState + ui::state_message(state)); },
              .image = [&](const ui::SyncImage& image) { send(kNewImage + ui::image_message(image)); }},
             stop_requested);
    if (outcome)
        report(*outcome, send);
    else
        send(kInterrupted + to_string(outcome.error()));
}

// Puts together what the child told.
class Hearer {
  public:
    explicit Hearer(const SyncNews& news) : news_(news) {}

    Result<void> take(const std::string& message) {
        auto text = message.empty() ? std::string() : message.substr(1);
        switch (message.empty() ? '\0' : message.front()) {
            case kState: {
                TRY_ASSIGN(auto state, ui::read_state(text));
                news_.state(state);
                return {};
            }
            case kNewImage: {
                TRY_ASSIGN(auto image, ui::read_image(text));
                news_.image(image);
                return {};
            }
            case kImage:
                return add_image(text);
            case kFailed: {
                TRY_ASSIGN(auto image, ui::read_image(text));
                outcome_.failed.emplace_back(image.source, image.destination);
                return {};
            }
            case kProfile:
                TRY(profile::parse_yaml(text, "the profile"));
                outcome_.profile = text;
                return {};
            case kEnd:
                return end(text);
            case kInterrupted:
                interrupted_ = printable_line(text);
                return {};
            default:
                return Failure(Error{.code = ErrorCode::parse, .message = "a message that nobody knows"});
        }
    }

    Result<SyncOutcome> outcome() {
        if (interrupted_) return Failure(Error{.code = ErrorCode::interrupted, .message = *interrupted_});
        if (!over_) return Failure(Error{.code = ErrorCode::network, .message = "no report was made"});
        return std::move(outcome_);
    }

  private:
    Result<void> add_image(const std::string& text) {
        if (outcome_.document.images.size() == kMaxImages)
            return Failure(Error{.code = ErrorCode::parse, .message = "more images than can be reported"});
        TRY_ASSIGN(auto image, ui::read_image(text));
        outcome_.document.images.push_back(std::move(image));
        return {};
    }
    Result<void> end(const std::string& text) {
        TRY_ASSIGN(auto document, ui::read_end(text));
        document.images = std::move(outcome_.document.images);
        outcome_.document = std::move(document);
        over_ = true;
        return {};
    }

    const SyncNews& news_;
    SyncOutcome outcome_ = {};
    std::optional<std::string> interrupted_ = {};
    bool over_ = false;
};

}  // namespace

Result<SyncOutcome> sync_apart(const SyncWork& work, const SyncNews& news) {
    Hearer hearer(news);
    auto done = sys::run_confined(
        {.work = [&](const sys::Send& send,
                     const sys::StopRequested& stop_requested) { work_there(work, send, stop_requested); },
         .receive = [&](const std::string& message) { return hearer.take(message); },
         .seconds = sys::kNoEnd,
         .patience = kPatience,
         .max_message = kMaxMessage,
         .max_total = std::numeric_limits<std::size_t>::max()});
    if (!done) {
        auto error = std::move(done).error();
        if (error.hint.empty()) error.hint = "run it again: what was copied stays, and only the rest is done";
        return Failure(std::move(error));
    }
    return hearer.outcome();
}

}  // namespace mirrorctl::cli
