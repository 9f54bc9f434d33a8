#include "lab/log.hpp"

#include "base/strings.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace mirrorctl::lab {
namespace {

using Json = nlohmann::ordered_json;

std::string one_line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json sizes_of(const Image& image) {
    Json out = Json::object();
    for (const auto& [digest, blob] : image.blobs) out[digest] = blob->size();
    return out;
}

Json upstreams_of(const std::vector<Image>& images) {
    Json out = Json::object();
    for (const auto& image : images) {
        out[image.upstream].push_back({{"image", cat(image.repository, ":", image.tag)},
                                       {"digest", image.digest},
                                       {"stale_digest", image.stale_digest},
                                       {"platforms", image.platforms},
                                       {"blobs", sizes_of(image)},
                                       {"layer_bytes", image.layer_bytes}});
    }
    return out;
}

}  // namespace

AccessLog::~AccessLog() {
    if (fd_ >= 0) close(fd_);
}

Result<void> AccessLog::open(const std::string& file) {
    fd_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) return Failure(errno_error(errno, "open access log", file));
    return {};
}

void AccessLog::add(const Access& access) {
    if (fd_ < 0) return;
    const double now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    const std::string line = one_line({{"time", now},
                                       {"mirror", access.mirror},
                                       {"connection", access.connection},
                                       {"method", access.method},
                                       {"path", access.target},
                                       {"status", access.status},
                                       {"bytes", access.bytes},
                                       {"range", access.range},
                                       {"auth", access.auth},
                                       {"agent", access.agent},
                                       {"seconds", access.seconds},
                                       {"ended", access.ended}}) +
                             "\n";
    [[maybe_unused]] const ssize_t written = write(fd_, line.data(), line.size());
}

std::string images_json(const std::vector<Image>& images) {
    return one_line({{"upstreams", upstreams_of(images)}});
}

std::string ready_json(const Announcement& announcement, const std::vector<Image>& images) {
    return one_line({{"ready", true},
                     {"pid", getpid()},
                     {"mirrors", announcement.mirrors},
                     {"token_servers", announcement.token_servers},
                     {"ca", announcement.ca},
                     {"upstreams", upstreams_of(images)}});
}

}  // namespace mirrorctl::lab
