// What the process that copies tells the one that shows it: whatever is read of it is printable, not below
// nothing, and says the same again.
#include "ui/sync_messages.hpp"

#include "fuzz/oracle.hpp"

namespace {

using namespace mirrorctl;

void check(const ui::SyncImage& image, std::string_view text) {
    for (const auto* one :
         {&image.source, &image.destination, &image.why, &image.source_digest, &image.destination_digest})
        LAW(printable(*one) == *one, text);
    for (const auto& note : image.notes) LAW(printable(note) == note, text);
    LAW(image.bytes >= 0 && image.seconds >= 0, text);
}

void check(const ui::SyncState& state, std::string_view text) {
    for (const auto& stream : state.streams)
        LAW(printable(stream.from) == stream.from && stream.bytes >= 0 && stream.size >= 0, text);
    LAW(state.bytes_done >= 0 && state.bytes_total >= 0 && state.seconds >= 0 && state.rate >= 0, text);
}

void check(const ui::SyncDocument& end, std::string_view text) {
    for (const auto& warning : end.warnings) LAW(printable(warning.message) == warning.message, text);
    LAW(end.images.empty() && end.errors.empty(), text);
    LAW(end.bytes_read >= 0 && end.bytes_written >= 0 && end.seconds >= 0, text);
}

template <class Read, class Write>
void check_message(std::string_view text, Read read, Write write) {
    auto value = read(text);
    if (!value) {
        EXPECT_ERROR(value.error(), ErrorCode::parse);
        return;
    }
    check(*value, text);
    auto said = write(*value);
    auto again = read(said);
    LAW(again.has_value(), said, ": ", to_string(again.error()));
    LAW(write(*again) == said, said);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::view_of(data, size);
    check_message(text, ui::read_image, ui::image_message);
    check_message(text, ui::read_state, ui::state_message);
    check_message(text, ui::read_end, ui::end_message);
    return 0;
}
