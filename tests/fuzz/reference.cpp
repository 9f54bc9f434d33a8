// Image references, of command lines (first line) and of profiles (upstream, image and digest in three
// lines).
#include "registry/reference.hpp"

#include "base/digest.hpp"
#include "base/url.hpp"
#include "fuzz/oracle.hpp"

namespace {

using namespace mirrorctl;

void check(const Result<registry::Reference>& reference) {
    if (!reference) {
        EXPECT_ERROR(reference.error(), ErrorCode::parse);
        return;
    }
    LAW(!reference->repository.empty() && reference->repository.size() <= 255);
    LAW(reference->tag.size() <= 128);
    LAW(!reference->target().empty());
    LAW(reference->digest.empty() || is_sha256_digest(reference->digest));
    LAW(reference->repository == lower(reference->repository));
    // It becomes a part of URLs as it is.
    LAW(reference->repository.find_first_of(" %?#\\\"") == std::string::npos, reference->repository);
    LAW(reference->repository.find("..") == std::string::npos, reference->repository);
    LAW(fuzz::is_printable(reference->str()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto lines = split(fuzz::view_of(data, size), '\n');
    lines.resize(3);
    auto reference = registry::parse_reference(lines[0]);
    check(reference);
    if (reference) {
        auto again = registry::parse_reference(reference->str());
        LAW(again.has_value(), reference->str(), ": ", to_string(again.error()));
        LAW(*again == *reference, reference->str());
        LAW(parse_url(cat("https://", reference->registry)).has_value(), reference->registry);
    }
    check(registry::parse_canary("docker.io", lines[1], lines[2]));
    check(registry::parse_canary("ghcr.io", lines[1], lines[2]));
    return 0;
}
