#include "lab/images.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"

namespace mirrorctl::lab {
namespace {

struct MediaTypes {
    std::string index, manifest, config, layer;
};

// OCI image-spec v1.1 media-types.md; Docker: distribution, docs/spec/manifest-v2-2.md.
MediaTypes types_of(const ImageSpec& spec) {
    if (spec.docker_types) {
        const std::string base = "application/vnd.docker.";
        return {base + "distribution.manifest.list.v2+json", base + "distribution.manifest.v2+json",
                base + "container.image.v1+json", base + "image.rootfs.diff.tar"};
    }
    const std::string base = "application/vnd.oci.image.";
    return {base + "index.v1+json", base + "manifest.v1+json", base + "config.v1+json",
            base + "layer.v1.tar"};
}

struct Descriptor {
    std::string media_type;
    std::string digest;
    std::int64_t size = 0;
    std::string json(const std::string& more = "") const {
        return cat(R"({"mediaType":")", media_type, R"(","digest":")", digest, R"(","size":)", size, more,
                   "}");
    }
};

class Builder {
  public:
    Builder(const ImageSpec& spec, std::uint64_t seed) : spec_(spec), types_(types_of(spec)) {
        image_.upstream = spec.upstream;
        image_.repository = spec.repository;
        image_.tag = spec.tag;
        for (std::int64_t bytes : spec.layers) add_layer(layer_source(++seed, bytes));
    }

    Image build() {
        image_.stale_digest = add_build("2025-01-01T00:00:00Z");
        image_.digest = add_build("2026-01-01T00:00:00Z");
        return std::move(image_);
    }

  private:
    void add_layer(SourcePtr layer) {
        Descriptor one{types_.layer, digest_of(*layer), layer->size()};
        image_.layer_bytes += layer->size();
        image_.blobs[one.digest] = std::move(layer);
        layers_.push_back(std::move(one));
    }

    Descriptor add_blob(const std::string& media_type, std::string bytes) {
        Descriptor one{media_type, sha256_digest(bytes), static_cast<std::int64_t>(bytes.size())};
        image_.blobs[one.digest] = text_source(std::move(bytes));
        return one;
    }

    Descriptor add_manifest(const std::string& media_type, std::string bytes) {
        Descriptor one{media_type, sha256_digest(bytes), static_cast<std::int64_t>(bytes.size())};
        image_.manifests[one.digest] = {media_type, std::move(bytes)};
        return one;
    }

    std::string config_json(const std::string& architecture, const std::string& created) const {
        std::vector<std::string> ids;
        for (const auto& layer : layers_) ids.push_back(cat('"', layer.digest, '"'));
        std::string text = cat(R"({"architecture":")", architecture, R"(","os":"linux","created":")", created,
                               R"(","config":{"Cmd":["/bin/sh"],"Labels":{"lab":")");
        const std::string tail = cat(R"("}},"rootfs":{"type":"layers","diff_ids":[)", join(ids, ","), "]}}");
        const auto wanted = static_cast<std::size_t>(spec_.config_bytes);
        while (text.size() + tail.size() < wanted) text += static_cast<char>('a' + text.size() % 26);
        return text + tail;
    }

    Descriptor add_platform(const std::string& architecture, const std::string& created) {
        const Descriptor config = add_blob(types_.config, config_json(architecture, created));
        std::vector<std::string> layers;
        for (const auto& layer : layers_) layers.push_back(layer.json());
        Descriptor manifest = add_manifest(
            types_.manifest, cat(R"({"schemaVersion":2,"mediaType":")", types_.manifest, R"(","config":)",
                                 config.json(), R"(,"layers":[)", join(layers, ","), "]}"));
        image_.platforms[architecture] = manifest.digest;
        return manifest;
    }

    // BuildKit's attestation manifests stand in the index with platform unknown/unknown (buildkit
    // docs/attestations/attestation-storage.md).
    Descriptor add_attestation(const Descriptor& of) {
        const Descriptor config = add_blob(
            "application/vnd.oci.image.config.v1+json",
            R"({"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":[]}})");
        const Descriptor statement =
            add_blob("application/vnd.in-toto+json", cat(R"({"subject":")", of.digest, R"("})"));
        return add_manifest(
            "application/vnd.oci.image.manifest.v1+json",
            cat(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)",
                config.json(), R"(,"layers":[)", statement.json(), "]}"));
    }

    std::string add_build(const std::string& created) {
        const Descriptor amd64 = add_platform("amd64", created);
        const Descriptor arm64 = add_platform("arm64", created);
        const Descriptor attestation = add_attestation(amd64);
        const std::vector<std::string> children = {
            attestation.json(cat(
                R"(,"platform":{"architecture":"unknown","os":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":")",
                amd64.digest, R"("})")),
            arm64.json(R"(,"platform":{"architecture":"arm64","os":"linux","variant":"v8"})"),
            amd64.json(R"(,"platform":{"architecture":"amd64","os":"linux"})"),
        };
        return add_manifest(types_.index, cat(R"({"schemaVersion":2,"mediaType":")", types_.index,
                                              R"(","manifests":[)", join(children, ","), "]}"))
            .digest;
    }

    const ImageSpec& spec_;
    MediaTypes types_;
    Image image_;
    std::vector<Descriptor> layers_;
};

}  // namespace

std::vector<Image> make_images(const Scenario& scenario) {
    std::vector<Image> out;
    std::uint64_t seed = scenario.seed << 20U;
    for (const auto& spec : scenario.images) {
        out.push_back(Builder(spec, seed).build());
        seed += 1U << 10U;
    }
    return out;
}

}  // namespace mirrorctl::lab
