#include "registry/upload.hpp"

#include "base/strings.hpp"
#include "registry/retry.hpp"
#include "registry/text_body.hpp"
#include "registry/token.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace mirrorctl::registry {

namespace {

constexpr std::int64_t kLargestChunk = 64LL << 20U;
constexpr int kChunkAttempts = 5;

class Upload {
  public:
    Upload(Repository& repository, const Blob& blob, UploadFeed& feed, UploadStyle& style)
        : repository_(repository), blob_(blob), feed_(feed), style_(style) {}

    Uploaded run() {
        auto place = repository_.begin_upload();
        if (!place) return failed(place.error());
        place_ = place->url;
        auto result = way_ == UploadStyle::Way::put     ? put_whole()
                      : way_ == UploadStyle::Way::patch ? patch_whole()
                                                        : send_chunks();
        if (!result) {
            repository_.cancel_upload(place_);
            return failed(std::move(result).error());
        }
        return {.done = true};
    }

  private:
    Uploaded failed(Error error) const {
        return {.style_changed = style_changed_, .error = std::move(error)};
    }

    void change(UploadStyle::Way way) {
        // Another upload may have found out meanwhile: then this one still has to begin anew.
        style_changed_ = way_ < way;
        style_.way = std::max(style_.way, way);
    }

    net::Request with_body(const Url& place, std::string_view method, std::int64_t size) const {
        auto request = repository_.at(place, method);
        request.headers.emplace_back("Content-Type", "application/octet-stream");
        request.deadline = 0;
        request.body_size = size;
        return request;
    }

    Result<net::Answer> stream(net::Request request) {
        request.body = &feed_;
        auto answer = repository_.send_push(std::move(request),
                                            {.started = [this](auto id) { feed_.sending(id); }}, false);
        if (!answer) return Failure(placed(std::move(answer).error()));
        return answer;
    }

    // The address was the registry's choice: nobody finds that one in his rules.
    Error placed(Error error) const {
        const auto& host = repository_.host();
        if (error.code != ErrorCode::network || same_origin(place_, host.url())) return error;
        error.message = cat("push refused: ", host.name(), "/", repository_.name(), " wants its blobs sent to ",
                            place_.scheme, "://", place_.authority(), ": ", error.message);
        error.hint = cat("give ", host.name(),
                         " the address that its clients see (docker-registry: http.host; Harbor: external_url; "
                         "a proxy in front: the Host and X-Forwarded-Proto headers)");
        return error;
    }

    Result<void> take_location(const net::Answer& answer) {
        auto location = answer.header("Location");
        if (!location) return {};
        TRY_ASSIGN(auto place, upload_place(place_, *location));
        place_ = place.url;
        return {};
    }

    // 404, 405 and 501 to a request with a body: this registry wants the other way (old Artifactory: PATCH;
    // Google's Artifact Registry: no PATCH).
    Error refuse(const net::Answer& answer) {
        bool other_way = answer.status == 405 || answer.status == 501 || answer.status == 404;
        if (answer.status == 413)
            change(UploadStyle::Way::chunks);
        else if (other_way && way_ == UploadStyle::Way::put)
            change(UploadStyle::Way::patch);
        return repository_.refused(cat("push of blob ", blob_.digest), answer, true);
    }

    Result<void> put_whole() {
        TRY_ASSIGN(auto answer, stream(with_body(with_digest(place_, blob_.digest), "PUT", blob_.size)));
        if (answer.status == 201 || answer.status == 204) return {};
        return Failure(refuse(answer));
    }

    Result<void> patch_whole() {
        TRY_ASSIGN(auto answer, stream(with_body(place_, "PATCH", blob_.size)));
        if (answer.status != 202 && answer.status != 201 && answer.status != 204)
            return Failure(refuse(answer));
        TRY(take_location(answer));
        return close();
    }

    // A bodyless PUT: a token that ran out meanwhile is fetched anew and only this request repeated.
    Result<void> close() {
        auto request = repository_.at(with_digest(place_, blob_.digest), "PUT");
        request.deadline = 600;  // registries copy or hash now
        TRY_ASSIGN(auto answer, repository_.send_push(std::move(request), {}, true));
        if (answer.status == 201 || answer.status == 204) return {};
        return Failure(refuse(answer));
    }

    Result<void> send_chunks() {
        std::string chunk;
        for (std::int64_t offset = 0; offset < blob_.size;) {
            auto size = std::min(chunk_, blob_.size - offset);
            TRY(fill(chunk, size));
            TRY(send_chunk(chunk, offset));
            offset += size;
        }
        return close();
    }

    Result<void> fill(std::string& chunk, std::int64_t size) {
        chunk.resize(static_cast<std::size_t>(size));
        for (std::size_t have = 0; have < chunk.size();) {
            auto count = feed_.take(chunk.data() + have, chunk.size() - have);
            if (count == 0)
                return Failure(Error{.code = ErrorCode::network, .message = "the source of the blob failed"});
            have += count;
        }
        return {};
    }

    // A chunk stays in memory until the registry has it, so that it can go on where the registry stands.
    Result<void> send_chunk(std::string_view chunk, std::int64_t offset) {
        std::size_t done = 0;
        for (int attempt = 0; done < chunk.size(); ++attempt) {
            TextBody body(chunk.substr(done));
            auto request = with_body(place_, "PATCH", body.size());
            auto first = offset + static_cast<std::int64_t>(done);
            request.headers.emplace_back("Content-Range", cat(first, "-", first + body.size() - 1));
            request.body = &body;
            auto answer = repository_.send_push(std::move(request), {}, false);
            if (answer && (answer->status == 202 || answer->status == 201 || answer->status == 204)) {
                read_minimum(*answer);
                return take_location(*answer);
            }
            bool again =
                !answer || answer->status == 416 || answer->status == 401 || is_transient(answer->status);
            if (!again || attempt >= kChunkAttempts)
                return Failure(answer ? refuse(*answer) : answer.error());
            TRY_ASSIGN(auto stands, ask_status());
            if (stands < offset || stands > offset + static_cast<std::int64_t>(chunk.size()))
                return Failure(Error{.code = ErrorCode::http,
                                     .message = cat("upload cannot go on: ", repository_.host().name(),
                                                    ": it has ", stands, " bytes, we are at ", offset)});
            done = static_cast<std::size_t>(stands - offset);
        }
        return {};
    }

    void read_minimum(const net::Answer& answer) {
        auto least = parse_integer(answer.header("OCI-Chunk-Min-Length").value_or(""));
        if (least && *least > chunk_) chunk_ = style_.chunk = std::min(*least, kLargestChunk);
    }

    // How many bytes the registry has: "Range: 0-N" names the last one. "0-0" is taken as none, as that is
    // what registries answer right after POST.
    Result<std::int64_t> ask_status() {
        TRY_ASSIGN(auto answer, repository_.send_push(repository_.at(place_, "GET"), {}, true));
        if (answer.status != 204 && answer.status != 202 && answer.status != 200)
            return Failure(repository_.refused("asking for the state of an upload", answer, true));
        TRY(take_location(answer));
        std::string range = answer.header("Range").value_or("");
        auto last =
            parse_integer(std::string_view(range).substr(std::min(range.size(), range.find('-') + 1)));
        return last && *last > 0 ? *last + 1 : 0;
    }

    Repository& repository_;
    const Blob& blob_;
    UploadFeed& feed_;
    UploadStyle& style_;
    const UploadStyle::Way way_ = style_.way;
    std::int64_t chunk_ = style_.chunk;
    Url place_;
    bool style_changed_ = false;
};

}  // namespace

Uploaded upload_blob(Repository& repository, const Blob& blob, UploadFeed& feed, UploadStyle& style) {
    return Upload(repository, blob, feed, style).run();
}

}  // namespace mirrorctl::registry
