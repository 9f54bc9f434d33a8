#include "registry/refusal.hpp"

#include "base/strings.hpp"

namespace mirrorctl::registry {

namespace {

bool contains(std::string_view text, std::string_view part) {
    return lower(text).find(part) != std::string::npos;
}

std::string project_of(std::string_view repository) {
    return std::string(repository.substr(0, repository.find('/')));
}

std::string who(const Attempt& attempt) {
    return attempt.login.empty() ? "anonymously" : cat("as ", attempt.login);
}

void explain_401(const Attempt& attempt, const net::Answer& answer, Error& error) {
    error.code = ErrorCode::permission_denied;
    // Harbor (src/server/middleware/v2auth/auth.go) sends no challenge when the project does not exist.
    bool no_project = attempt.push && !answer.header("WWW-Authenticate");
    if (no_project && attempt.repository.find('/') == std::string::npos) {
        error.message += ": the destination names no project, as Harbor needs it";
        error.hint = cat("write it like ", attempt.host, "/PROJECT/", attempt.repository);
        return;
    }
    if (no_project) {
        error.message += cat(": project ", project_of(attempt.repository), " does not exist on ",
                             attempt.host, ", or there is no right to push to it");
        error.hint = cat("create the project ", project_of(attempt.repository), " on ", attempt.host,
                         ", or use --create-project (Harbor)");
        return;
    }
    error.message += cat(": not allowed ", who(attempt));
    error.hint = attempt.login.empty() ? cat("add an entry for ", attempt.host,
                                             " to the auth file, or: docker login ", attempt.host)
                                       : cat("check user, password and rights in ", attempt.login);
}

void explain_403(const Attempt& attempt, const Complaint& complaint, Error& error) {
    error.code = ErrorCode::permission_denied;
    if (contains(complaint.message, "upper limit") || contains(complaint.message, "quota")) {
        error.code = ErrorCode::http;
        error.cause = kQuotaCause;
        error.message += ": the storage quota of the project is used up";
        error.hint = cat("raise the quota of project ", project_of(attempt.repository), " on ", attempt.host,
                         ", or delete images there");
    } else if (contains(complaint.message, "read only") || contains(complaint.message, "read-only")) {
        error.message += ": the registry is in read-only mode";
        error.hint = "wait until its administrator ends the read-only mode";
    } else if (contains(complaint.message, "proxy")) {
        error.message += ": the project is a proxy cache, which takes no pushes";
        error.hint = "choose an ordinary project as destination";
    } else {
        error.message += cat(": not allowed ", who(attempt));
        error.hint = cat("give the account the right to ", attempt.push ? "push to " : "pull ",
                         attempt.repository, " on ", attempt.host);
    }
}

void explain_full(const Attempt& attempt, Error& error) {
    error.cause = kQuotaCause;
    error.message += ": the registry has no storage left";
    error.hint = cat("free storage on ", attempt.host, ", or choose another registry");
}

// Replicas behind a balancer, or a proxy that changes paths: the one that is asked now did not begin it.
void explain_lost_upload(const Attempt& attempt, Error& error) {
    error.code = ErrorCode::http;
    error.message += ": it does not know the upload that it began a moment ago";
    error.hint = cat("check ", attempt.host,
                     ": its replicas need one storage and one secret (docker-registry: http.secret), a proxy "
                     "in front must keep paths");
}

void explain_others(const Attempt& attempt, const net::Answer& answer, Error& error) {
    switch (answer.status) {
        case 404:
            error.code = ErrorCode::not_found;
            if (!attempt.push) {
                error.message += ": no such image";
                error.hint = "check repository and tag";
                return;
            }
            error.message += ": no such repository";
            error.hint = cat("create ", attempt.repository, " on ", attempt.host, " first (ECR and others)");
            return;
        case 412:
            error.message += ": the project's rules forbid it (an immutable tag?)";
            error.hint = "choose another tag, or change the rule of the project";
            return;
        case 413:
            error.message += ": too large for a proxy in front of the registry";
            error.hint = "raise its limit (nginx: client_max_body_size 0)";
            return;
        case 429:
            error.message += is_pull_quota(answer) ? ": the pull limit is used up" : ": too many requests";
            error.hint = "wait, log in at the source, or read through a mirror (--profile)";
            return;
        default:
            return;
    }
}

}  // namespace

// docker-registry says it with a 500 and the word of its file system, in words or as its number: ENOSPC, EDQUOT.
bool is_full(const net::Answer& answer) {
    if (answer.status == 507) return true;
    if (answer.status != 500) return false;
    auto complaint = read_complaint(answer.body);
    for (const auto* text : {&complaint.message, &complaint.detail})
        for (const auto* word : {"no space left on device", "disk quota exceeded", "\"err\":28,", "\"err\":122,"})
            if (contains(*text, word)) return true;
    return false;
}

bool is_pull_quota(const net::Answer& answer) {
    if (answer.status != 429) return false;
    // TOOMANYREQUESTS alone is said of every hurry (distribution-spec, "Error Codes"): Docker Hub's words
    // count.
    return contains(answer.body, "pull rate limit");
}

Error refusal(const Attempt& attempt, const net::Answer& answer) {
    auto complaint = read_complaint(answer.body);
    Error error{.code = ErrorCode::http, .message = std::string(attempt.what), .cause = answer.status};
    if (answer.status == 401)
        explain_401(attempt, answer, error);
    else if (answer.status == 403)
        explain_403(attempt, complaint, error);
    else if (is_full(answer))
        explain_full(attempt, error);
    else if (attempt.push && complaint.code.starts_with("BLOB_UPLOAD_"))
        explain_lost_upload(attempt, error);
    else
        explain_others(attempt, answer, error);
    if (attempt.push && complaint.code == "MANIFEST_BLOB_UNKNOWN") error.cause = kBlobUnknownCause;
    if (attempt.push && complaint.code == "DIGEST_INVALID") error.cause = kDigestInvalidCause;
    error.message += cat(" (", answer.status);
    if (!complaint.code.empty()) error.message += cat(" ", complaint.code);
    if (!complaint.message.empty()) error.message += cat(": ", complaint.message);
    error.message += ")";
    return error;
}

}  // namespace mirrorctl::registry
