#include "cli/masking.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::cli {
namespace {

struct Case {
    const char* path;
    const char* line;
    const char* shown;
};

TEST(Masking, KeepsTheKeyOnly) {
    const Case cases[] = {
        {"/etc/docker/daemon.json", "+  \"a\": 1,", "+  \"a\": 1,"},
        {"/etc/docker/daemon.json", "   \"splunk-token\": \"x\"", "   \"splunk-token\": ***"},
        {"/etc/docker/daemon.json", " {\"secret\": \"a\", \"authorization\": \"b\"}", " {\"secret\": ***"},
        {"/etc/docker/daemon.json", " \"http:\\/\\/u:p@h\"", " \"http:\\/\\/***@h\""},
        {"/x/http-proxy.conf", "-Environment=HTTP_PROXY=u:p@h:1", "-Environment=HTTP_PROXY=***@h:1"},
        {"/x/http-proxy.conf", "-Environment=HTTP_PROXY=http://u:p@h:1",
         "-Environment=HTTP_PROXY=http://***@h:1"},
        {"/x/http-proxy.conf", " # the password is p", " # the  ***"},
        {"/x/config.toml", "   auth = \"p\"", "   auth = ***"},
        {"/x/config.toml", "   X-Key = \"p\"", "   X-Key = ***"},
        {"/x/config.toml", "   config_path = \"/a:/b\"", "   config_path = \"/a:/b\""},
        {"/x/hosts.toml", "+  capabilities = [\"pull\"]", "+  capabilities = [\"pull\"]"},
        {"/x/hosts.toml", "   x-key = \"p\"", "   x-key = ***"},
        {"/x/hosts.toml", "     \"p\",", "  ***"},
        {"/x/hosts.toml", "     \"resolve\",", "     \"resolve\","},
        {"/x/hosts.toml", "+++ b/etc/containerd/certs.d/x/hosts.toml",
         "+++ b/etc/containerd/certs.d/x/hosts.toml"},
    };
    for (const auto& c : cases) EXPECT_EQ(masked_diff(TargetPath(c.path), c.line), c.shown);
}

TEST(Masking, KnowsTheTableOfALine) {
    EXPECT_EQ(masked_diff(TargetPath("/x/config.toml"), " [a.headers]\n  key = 1\n [b]\n  key = 1"),
              " [a.headers]\n  key = ***\n [b]\n  key = 1");
}

}  // namespace
}  // namespace mirrorctl::cli
