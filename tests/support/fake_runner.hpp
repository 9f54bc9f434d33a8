// A Runner that answers from a script and remembers what it was asked.
#pragma once

#include "base/strings.hpp"
#include "sys/runner.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mirrorctl::support {

class FakeRunner : public sys::Runner {
  public:
    using Answer = std::function<Result<sys::Finished>(const sys::Command&)>;

    // Commands whose argv begins with `prefix` get this answer; the longest prefix wins. Said again for the
    // same prefix, the answers are given one after the other and the last one stays.
    void on(const std::vector<std::string>& prefix, sys::Finished answer) {
        on_call(prefix,
                [answer = std::move(answer)](const sys::Command&) { return Result<sys::Finished>(answer); });
    }
    void on(const std::vector<std::string>& prefix, Error error) {
        on_call(prefix, [error = std::move(error)](const sys::Command&) -> Result<sys::Finished> {
            return Failure(error);
        });
    }
    void on_call(const std::vector<std::string>& prefix, Answer answer) {
        script_[prefix].push_back(std::move(answer));
    }

    // The answer to GET `url_path` on `socket_path`; as above the last one stays.
    void on_unix(const std::string& socket_path, const std::string& url_path, Result<std::string> answer) {
        sockets_[{socket_path, url_path}].push_back(std::move(answer));
    }

    Result<sys::Finished> run(const sys::Command& command) override {
        calls.push_back(command);
        const std::vector<std::string>* best = nullptr;
        for (const auto& [prefix, answers] : script_)
            if (begins_with(command.argv, prefix) && (!best || prefix.size() > best->size())) best = &prefix;
        if (!best)
            return Failure(Error{.code = ErrorCode::not_found,
                                 .message = cat("no such program: ", join(command.argv, " "))});
        return next(script_.at(*best))(command);
    }

    Result<std::string> get_unix(const std::string& socket_path, const std::string& url_path,
                                 double) override {
        unix_calls.emplace_back(socket_path, url_path);
        auto found = sockets_.find({socket_path, url_path});
        if (found == sockets_.end())
            return Failure(
                Error{.code = ErrorCode::not_found, .message = cat("no such socket: ", socket_path)});
        return next(found->second);
    }

    // Was a command run whose argv begins so, and how often?
    std::size_t count(const std::vector<std::string>& prefix) const {
        return static_cast<std::size_t>(
            std::count_if(calls.begin(), calls.end(),
                          [&](const sys::Command& call) { return begins_with(call.argv, prefix); }));
    }

    std::vector<sys::Command> calls;
    std::vector<std::pair<std::string, std::string>> unix_calls;  // socket, path

  private:
    static bool begins_with(const std::vector<std::string>& argv, const std::vector<std::string>& prefix) {
        return argv.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), argv.begin());
    }
    template <class T>
    static T next(std::deque<T>& answers) {
        T answer = answers.front();
        if (answers.size() > 1) answers.pop_front();
        return answer;
    }

    std::map<std::vector<std::string>, std::deque<Answer>> script_;
    std::map<std::pair<std::string, std::string>, std::deque<Result<std::string>>> sockets_;
};

}  // namespace mirrorctl::support
