#include "engines/images.hpp"

#include "engines/docker.hpp"
#include "support/fake_runner.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::engines::images_test {
namespace {

using Names = std::vector<std::string>;

TEST(Images, DockerNames) {
    auto names = parse_docker_images(R"([{"RepoTags": ["nginx:1.27", "hub.example/a:1"]}, {"RepoTags": null},
                                         {"RepoTags": ["<none>:<none>"]}, {"Id": "x"}, 7])");
    ASSERT_TRUE(names);
    EXPECT_EQ(*names, (Names{"nginx:1.27", "hub.example/a:1"}));
    EXPECT_FALSE(parse_docker_images("{}"));
    EXPECT_FALSE(parse_docker_images("not json"));
}

TEST(Images, ContainerdNames) {
    EXPECT_EQ(parse_ctr_images("docker.io/library/nginx:1.27\nsha256:00ff\nquay.io/a/b@sha256:11\n\n"),
              Names{"docker.io/library/nginx:1.27"});
}

TEST(Images, BothEnginesAndAllNamespaces) {
    support::FakeRunner runner;
    runner.on_unix(kDockerSocket, "/images/json", std::string(R"([{"RepoTags": ["b:1"]}])"));
    runner.on({"ctr", "namespaces", "ls", "-q"}, {.out = "k8s.io\nmoby\n"});
    runner.on({"ctr", "--namespace", "k8s.io", "images", "ls", "-q"}, {.out = "a:1\nb:1\n"});
    runner.on({"ctr", "--namespace", "moby", "images", "ls", "-q"}, {.exit_status = 1, .err = "no"});
    auto names = list_images(NodeFacts{}, runner);
    ASSERT_TRUE(names);
    EXPECT_EQ(*names, (Names{"a:1", "b:1"}));
}

TEST(Images, NoEngineIsAnError) {
    support::FakeRunner runner;
    auto names = list_images(NodeFacts{}, runner);
    ASSERT_FALSE(names);
    EXPECT_EQ(names.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace mirrorctl::engines::images_test
