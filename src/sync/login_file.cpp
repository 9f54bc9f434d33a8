#include "sync/login_file.hpp"

#include "base/strings.hpp"

#include <array>

namespace mirrorctl::sync {

namespace {

constexpr std::array<std::string_view, 4> kKeys{"username", "password", "insecure", "ca_file"};

Error mistake(const mirrorctl::Location& where, std::string message, std::string hint = {}) {
    return {
        .code = ErrorCode::parse, .message = std::move(message), .hint = std::move(hint), .location = where};
}

std::string known_keys() {
    return "allowed: username, password, insecure, ca_file";
}

class EntryReader {
  public:
    EntryReader(const Value& value, const ReadVariable& variable, LoginFile& file)
        : value_(value), variable_(variable), file_(file) {}

    void read() {
        if (value_.kind != Value::Kind::object)
            return fail(value_.where, cat("not a login: ", printable_line(value_.key, 100),
                                          ": expected an object, found ", kind_only(value_)));
        LoginEntry entry{.prefix = login_prefix(value_.key)};
        if (entry.prefix.empty()) return fail(value_.where_key, "a login without a registry");
        std::string user;
        std::string password;
        for (const auto& item : value_.items) {
            if (item.key == "username") {
                user = text(item);
            } else if (item.key == "password") {
                password = text(item);
            } else if (item.key == "ca_file") {
                entry.ca_file = text(item);
            } else if (item.key == "insecure") {
                entry.insecure = flag(item);
            } else {
                unknown(item);
            }
        }
        set_login(entry, user, password);
        file_.entries.push_back(std::move(entry));
    }

  private:
    void fail(const mirrorctl::Location& where, std::string message, std::string hint = known_keys()) {
        file_.errors.push_back(mistake(where, std::move(message), std::move(hint)));
    }

    // What is wrong in a login is never shown: it may be the password.
    static std::string kind_only(const Value& value) {
        return value.kind == Value::Kind::text ? "a text" : describe(value);
    }

    void unknown(const Value& item) {
        auto near = nearest(item.key, {kKeys.begin(), kKeys.end()});
        fail(item.where_key, cat("unknown key: ", printable_line(item.key, 60)),
             cat(near ? cat("did you mean ", *near, "? ") : std::string(), known_keys()));
    }

    std::string text(const Value& item) {
        if (item.kind == Value::Kind::null) return "";
        if (item.kind != Value::Kind::text) {
            fail(item.where, cat(item.key, ": expected a text, found ", kind_only(item)),
                 "put it between double quotes");
            return "";
        }
        auto expanded = expand_whole(item.text, variable_);
        if (expanded) return *expanded;
        auto error = expanded.error();
        if (item.key == "password")  // one that only looks like a variable must not be shown
            error = {.code = error.code,
                     .message = "password: the environment variable that it names is not set",
                     .hint = "export the variable whose name stands there"};
        error.location = item.where;
        file_.errors.push_back(std::move(error));
        return "";
    }

    bool flag(const Value& item) {
        bool is_flag = item.kind == Value::Kind::boolean ||
                       (item.kind == Value::Kind::text && (item.text == "true" || item.text == "false"));
        if (!is_flag) fail(item.where, cat("insecure: expected true or false, found ", kind_only(item)));
        return is_flag && item.text == "true";
    }

    void set_login(LoginEntry& entry, const std::string& user, const std::string& password) {
        if (user == "_oauth2_")
            return fail(value_.where, cat("not supported: the username _oauth2_ of ", value_.key),
                        "use the username _json_key and the key file's text as password");
        if (user.empty() != password.empty()) {
            file_.warnings.push_back(
                {.code = "half_login",
                 .message = cat(value_.where.file, ":", value_.where.line, ": ",
                                printable_line(value_.key, 80), " has a ",
                                user.empty() ? "password without a username" : "username without a password",
                                ": asking it anonymously")});
            return;
        }
        if (user.empty()) return;
        entry.login = {.user = user,
                       .password = password,
                       .from = cat(value_.where.file, ", key ", printable_line(value_.key, 80))};
    }

    const Value& value_;
    const ReadVariable& variable_;
    LoginFile& file_;
};

// "user:password" in base64.
Result<Login> decode_auth(const Value& item) {
    auto refused = [&](std::string_view why) {
        return Failure(mistake(item.where, cat("not a login of docker: ", why), "docker login"));
    };
    Login login;
    if (const auto* token = item.find("identitytoken"); token != nullptr && token->kind == Value::Kind::text)
        login.identity_token = token->text;
    const auto* auth = item.find("auth");
    if (auth == nullptr || auth->kind != Value::Kind::text || auth->text.empty()) return login;
    auto plain = base64_decode(auth->text);
    auto colon = plain ? plain->find(':') : std::string::npos;
    if (colon == std::string::npos) return refused("`auth` is not base64 of user:password");
    if (!login.identity_token.empty()) return login;
    login.user = plain->substr(0, colon);
    login.password = plain->substr(colon + 1);
    while (login.password.ends_with('\0')) login.password.pop_back();
    return login;
}

}  // namespace

std::string login_prefix(std::string_view key) {
    auto text = trim(key);
    for (std::string_view scheme : {"https://", "http://"})
        if (lower(text.substr(0, scheme.size())) == scheme) text.remove_prefix(scheme.size());
    while (text.ends_with('/')) text.remove_suffix(1);
    for (std::string_view version : {"/v1", "/v2"})
        if (text.ends_with(version)) text.remove_suffix(version.size());
    auto slash = text.find('/');
    return registry_name(text.substr(0, slash)) +
           (slash == std::string_view::npos ? "" : std::string(text.substr(slash)));
}

LoginFile read_logins(const Value& document, const ReadVariable& variable) {
    LoginFile file;
    if (document.kind != Value::Kind::object) {
        file.errors.push_back(
            mistake(document.where,
                    "not a login file: expected an object with a registry as "
                    "key",
                    R"(write {"hub.example.com": {"username": "...", "password": "..."}})"));
        return file;
    }
    for (const auto& entry : document.items) EntryReader(entry, variable, file).read();
    return file;
}

Result<DockerConfig> read_docker_config(const Value& document, const std::string& path) {
    DockerConfig config;
    if (const auto* store = document.find("credsStore"); store != nullptr && store->kind == Value::Kind::text)
        config.store = store->text;
    if (const auto* helpers = document.find("credHelpers"); helpers != nullptr)
        for (const auto& item : helpers->items)
            if (item.kind == Value::Kind::text) config.helpers[login_prefix(item.key)] = item.text;
    const auto* auths = document.find("auths");
    if (auths == nullptr) return config;
    for (const auto& item : auths->items) {
        TRY_ASSIGN(auto login, decode_auth(item));
        if (login.anonymous()) continue;  // its secret is in a helper
        login.from = cat(path, ", key ", printable_line(item.key, 80));
        config.entries.push_back({.prefix = login_prefix(item.key), .login = std::move(login)});
    }
    return config;
}

}  // namespace mirrorctl::sync
