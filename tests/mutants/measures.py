"""The safety measures that are taken out, one by one: name, the source that is changed, the unit tests that must notice, what is there and
what stands there instead. root: only root's tests can notice."""

from collections import namedtuple

Mutant = namedtuple("Mutant", "name source tests changes root", defaults=[False])

MUTANTS = [
    Mutant("new_file_without_dir_sync", "txn/swap.cpp", "txn", [(
        "    if (!*moved) TRY(fs.rename(slot.temp, slot.file.resolved));\n"
        "    return fs.sync_dir(slot.file.resolved.parent());\n",
        "    if (!*moved) TRY(fs.rename(slot.temp, slot.file.resolved));\n    return {};\n")]),
    Mutant("exchange_without_dir_sync", "txn/swap.cpp", "txn", [(
        "    TRY(fs.remove_file(slot.temp));\n    return fs.sync_dir(slot.temp.parent());\n",
        "    return fs.remove_file(slot.temp);\n")]),
    Mutant("staged_without_file_sync", "txn/durable.cpp", "txn", [(
        "    TRY(fs.write_new(path, bytes, meta));\n    return fs.sync_file(path);\n",
        "    return fs.write_new(path, bytes, meta);\n")]),
    Mutant("written_in_place", "txn/swap.cpp", "txn", [(
        "    auto swapped = fs.exchange(slot.temp, slot.file.resolved);\n    if (!swapped && swapped.error().code == ErrorCode::busy)",
        "    if (expected.present) {\n"
        "        TRY(fs.overwrite_in_place(slot.file.resolved, want.bytes));\n"
        "        TRY(fs.sync_file(slot.file.resolved));\n"
        "        return drop_temp(fs, slot);\n"
        "    }\n"
        "    auto swapped = fs.exchange(slot.temp, slot.file.resolved);\n    if (!swapped && swapped.error().code == ErrorCode::busy)")]),
    Mutant("active_after_the_files", "txn/executor.cpp", "txn", [
        ("    TRY(begin(context.state, entry));\n    return entry;\n", "    return entry;\n"),
        ("        TRY_ASSIGN(auto note, context_.engines.check_before(plan()));\n",
         "        TRY(begin(context_.state, entry_));\n"
         "        TRY_ASSIGN(auto note, context_.engines.check_before(plan()));\n")]),
    Mutant("active_before_the_record", "txn/journal.cpp", "txn", [(
        "    auto done = write_record(state, entry, plan);\n"
        "    if (done)\n"
        "        done = replace_durably(state.fs, names.active(), marker_text(marker_of(entry, sha256_digest(plan))));\n",
        "    auto done = replace_durably(state.fs, names.active(), marker_text(marker_of(entry, sha256_digest(plan))));\n"
        "    if (done) done = write_record(state, entry, plan);\n")]),
    Mutant("last_before_image_forgotten", "txn/journal.cpp", "txn", [(
        "    for (std::size_t i = 0; i < entry.plan.files.size(); ++i) {\n        const auto& before = entry.plan.files[i].before;\n"
        "        if (before.present)\n",
        "    for (std::size_t i = 0; i < entry.plan.files.size(); ++i) {\n        const auto& before = entry.plan.files[i].before;\n"
        "        if (before.present && i + 1 < entry.plan.files.size())\n")]),
    Mutant("record_without_sync", "txn/journal.cpp", "txn", [(
        "    TRY(state.fs.sync_dir(names.before_dir(entry.id)));\n    TRY(state.fs.sync_dir(names.transaction(entry.id)));\n", "")]),
    Mutant("end_without_sync", "txn/journal.cpp", "txn", [(
        "    auto synced = state.fs.sync_dir(names.transaction(id));\n    if (synced) synced = state.fs.sync_dir(state.dir);\n",
        "    Result<void> synced;\n")]),
    Mutant("plan_digest_unchecked", "txn/journal.cpp", "txn", [(
        "    if (sha256_digest(*text) != marker.plan_digest) return corrupt(path, \"does not match its digest\");\n", "")]),
    Mutant("before_digest_unchecked", "txn/journal.cpp", "txn", [(
        "        if (!bytes || files[i].before.digest() != stored->before_digests[i])\n", "        if (!bytes)\n")]),
    Mutant("edit_in_the_last_moment_lost", "txn/swap.cpp", "txn", [(
        "    if (!differs) return drop_temp(fs, slot);\n    TRY(bring_back(fs, slot, want));\n",
        "    if (!differs || want.present) return drop_temp(fs, slot);\n    TRY(bring_back(fs, slot, want));\n")]),
    Mutant("recovery_without_sync", "txn/swap.cpp", "txn", [(
        "        if (want.present) TRY(fs.sync_file(slot.file.resolved));\n"
        "        TRY(sync_nearest_dir(fs, slot.file.resolved.parent()));\n", "")]),
    Mutant("directory_without_sync", "txn/durable.cpp", "txn", [(
        "    TRY(fs.make_dir(path, meta));\n    TRY(fs.sync_dir(path));\n    return fs.sync_dir(path.parent());\n",
        "    return fs.make_dir(path, meta);\n")]),
    Mutant("blob_digest_unchecked", "bench/intake.cpp", "bench", [(
        "    if (!whole_ || \"sha256:\" + hash_.hex() == descriptor_.digest) return std::nullopt;\n",
        "    if (!whole_ || !hash_.hex().empty()) return std::nullopt;\n")]),
    Mutant("manifest_digest_unchecked", "bench/session_steps.cpp", "bench", [(
        "    if (!wanted_digest_.empty() && actual != wanted_digest_)\n", "    if (!wanted_digest_.empty() && actual.empty())\n")]),

    # ---- transactions: order, looks, records
    Mutant("files_in_wrong_order", "txn/executor.cpp", "txn", [(
        "        for (std::size_t i = 0; i < plan().files.size(); ++i)\n            TRY(swap(i, plan().files[i].before, first_state(i)));\n",
        "        for (std::size_t i = plan().files.size(); i-- > 0;)\n            TRY(swap(i, plan().files[i].before, first_state(i)));\n")]),
    Mutant("taken_back_in_wrong_order", "txn/undo.cpp", "txn", [(
        "        for (std::size_t i = plan().files.size(); i-- > 0;)\n            if (concerns(i)) TRY(restore_file(i));\n",
        "        for (std::size_t i = 0; i < plan().files.size(); ++i)\n            if (concerns(i)) TRY(restore_file(i));\n")]),
    Mutant("staged_while_swapping", "txn/executor.cpp", "txn", [
        ("            TRY(stage(context_.fs, slot(i), first_state(i)));\n", "            if (i > plan().files.size()) break;\n"),
        ("            TRY(swap(i, plan().files[i].before, first_state(i)));\n",
         "        {\n            TRY(stage(context_.fs, slot(i), first_state(i)));\n"
         "            TRY(swap(i, plan().files[i].before, first_state(i)));\n        }\n")]),
    Mutant("verified_before_it_was", "txn/executor.cpp", "txn", [(
        "        TRY(activate());\n        TRY(finish_interims());\n",
        "        TRY(record_phase(context_.state, entry_, Phase::verified));\n"
        "        TRY(activate());\n        TRY(finish_interims());\n")]),
    Mutant("receipt_after_the_end", "txn/executor.cpp", "txn", [
        ("    if (auto written = write_receipt(context.state, receipt); !written)\n"
         "        receipt.warnings.push_back({.code = \"receipt_not_written\", .message = written.error().message});\n"
         "    TRY(write_pending(context.state, receipt.pending));\n", ""),
        ("    if (*closed == Closing::visible)\n",
         "    (void)write_receipt(context.state, receipt);\n    (void)write_pending(context.state, receipt.pending);\n"
         "    if (*closed == Closing::visible)\n")]),
    Mutant("stale_plan_carried_out", "txn/executor.cpp", "txn", [(
        "    for (const auto& file : plan.files) TRY(require_before(context.fs, file));\n", "")]),
    Mutant("no_look_before_the_swap", "txn/executor.cpp", "txn", [(
        "        TRY(require_state(context_.fs, file, from));\n", "")]),
    Mutant("owner_and_mode_forgotten", "txn/swap.cpp", "txn", [(
        "    TRY(write_synced(fs, unfinished, want.bytes, want.meta));\n",
        "    TRY(write_synced(fs, unfinished, want.bytes, {.mode = 0644}));\n")]),
    Mutant("staged_under_the_final_name", "txn/swap.cpp", "txn", [(
        "    return slot.temp.parent() / cat(slot.temp.name(), \".tmp\");\n", "    return slot.temp;\n")]),
    Mutant("edit_in_a_temp_dropped", "txn/swap.cpp", "txn", [(
        "    if (placed && stand_of(slot.file, left) == Stand::none) {\n",
        "    if (placed && !left.oddity.empty() && stand_of(slot.file, left) == Stand::none) {\n")]),
    Mutant("link_in_a_temp_dropped", "txn/swap.cpp", "txn", [(
        "    if (placed && stand_of(slot.file, left) == Stand::none) {\n",
        "    if (placed && left.oddity.empty() && stand_of(slot.file, left) == Stand::none) {\n")]),
    Mutant("foreign_file_restored_over", "txn/swap.cpp", "txn", [(
        "    if (stand_of(slot.file, sight) == Stand::none && !is_torn(slot.file, sight))\n",
        "    if (!sight.oddity.empty())\n")]),
    Mutant("last_record_without_sync", "txn/recover.cpp", "txn", [("    TRY(context.state.fs.sync_dir(context.state.dir));\n", "")]),
    Mutant("marker_checksum_unchecked", "txn/marker.cpp", "txn", [(
        "    if (text.substr(end) != cat(\"end \", sha256_digest(body), \"\\n\"))\n        return broken(\"does not match its checksum\");\n",
        "    if (sha256_digest(body).empty()) return broken(\"\");\n")]),
    Mutant("read_while_it_is_folded", "txn/history.cpp", "txn", [("    constexpr int kTries = 10;\n", "    constexpr int kTries = 1;\n")]),
    Mutant("state_where_others_write", "txn/state_dir.cpp", "txn", [(
        "    if ((info.meta.mode & 0022U) != 0)\n        return unsafe(state, \"group",
        "    if ((info.meta.mode & 0020U) != 0)\n        return unsafe(state, \"group")]),
    Mutant("state_below_what_others_write", "txn/state_dir.cpp", "txn", [(
        "        if ((info->meta.mode & 0022U) != 0 && !sticky)\n", "        if (sticky)\n")]),

    # ---- files of others
    Mutant("link_of_another_user", "sys/walk.cpp", "sys", [(
        "        if (info.st_uid != 0 && info.st_uid != ::geteuid() && info.st_uid != root_owner_)\n"
        "            return unsafe(\"a link on the way belongs to another user\");\n", "        (void)info;\n")], root=True),
    Mutant("link_in_another_users_directory", "sys/walk.cpp", "sys", [(
        "        if (directory.st_uid != 0 && directory.st_uid != ::geteuid() && directory.st_uid != root_owner_)\n"
        "            return unsafe(\"a link on the way stands in another user's directory\");\n", "")], root=True),
    Mutant("link_where_all_write", "sys/walk.cpp", "sys", [(
        "        if ((directory.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)\n"
        "            return unsafe(\"a link on the way stands where everybody can replace it\");\n", "")]),
    Mutant("second_name_read", "sys/real_fs_read.cpp", "sys", [(
        "    if (type == S_IFREG && may_be_planted(directory, info))\n",
        "    if (type == S_IFDIR && may_be_planted(directory, info))\n")], root=True),
    Mutant("file_of_another_read", "sys/real_fs_read.cpp", "sys", [(
        "    if (info.st_uid != (mapped_ && owner == 0 ? ::geteuid() : owner))\n", "    if (owner > 0xfffffff0U)\n")], root=True),
    Mutant("read_without_bound", "sys/real_fs_read.cpp", "sys", [("        if (out.size() > limit)\n", "        if (limit == 0)\n")]),
    Mutant("mode_left_as_it_fell", "sys/real_fs_write.cpp", "sys", [(
        "    if (::fchmod(fd, meta.mode) != 0) return Failure(errno_error(errno, \"cannot set the mode\", object));\n", "")]),
    Mutant("owner_left_as_it_fell", "sys/real_fs_write.cpp", "sys", [(
        "    if ((now.st_uid != uid || now.st_gid != gid) && ::fchown(fd, uid, gid) != 0)\n",
        "    if (uid > 0xfffffff0U && gid > 0)\n")], root=True),
    Mutant("new_file_over_what_is_there", "sys/real_fs_write.cpp", "sys", [(
        "                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);\n",
        "                        O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);\n")]),
    Mutant("lock_for_all", "sys/real_fs_lock.cpp", "sys", [(
        "::flock(fd.get(), LOCK_EX | LOCK_NB)", "::flock(fd.get(), LOCK_SH | LOCK_NB)")]),

    # ---- the child that talks to strangers
    Mutant("child_keeps_root", "sys/privileges.cpp", "sys", [(
        "    if (::geteuid() != 0) return drop_capabilities();\n",
        "    if (::geteuid() != kNobody) return drop_capabilities();\n")], root=True),
    Mutant("child_keeps_groups", "sys/privileges.cpp", "sys", [(
        "        if (::setgroups(0, nullptr) != 0 || ::setresgid(", "        if (::setresgid(")], root=True),
    Mutant("child_without_filter", "sys/privileges.cpp", "sys", [(
        "    int loaded = ::seccomp_load(filter.get());\n", "    int loaded = 0;\n")]),
    Mutant("child_may_write", "sys/privileges.cpp", "sys", [(
        "    for (int bits : {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC}) {\n", "    for (int bits : {O_TRUNC}) {\n")]),
    Mutant("child_may_fork", "sys/privileges.cpp", "sys", [(
        "    bool ok = add_if(filter, SCMP_SYS(clone),\n"
        "                     {.arg = kCloneFlags, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = 0});\n",
        "    bool ok = true;\n")]),
    Mutant("child_may_signal", "sys/privileges.cpp", "sys", [(
        "    \"process_madvise\", \"process_mrelease\", \"kill\", \"tkill\",", "    \"tkill\",")]),
    Mutant("child_has_descriptors", "sys/confined.cpp", "sys", [(
        "    close_from(kStopFd + 1);\n", "    if (report_fd < 0) close_from(kStopFd + 1);\n")]),
    Mutant("child_outlives_its_deadline", "sys/confined.cpp", "sys", [(
        "    const double end = clock.now() + job.seconds;\n", "    const double end = clock.now() + job.seconds + 12;\n")]),
    Mutant("child_left_alive", "sys/confined.cpp", "sys", [(
        "        if (pid_ <= 0) return;\n        ::kill(pid_, SIGKILL);\n        (void)collect(kSecondsToDie);\n", "")]),
    Mutant("report_without_bound", "sys/confined.cpp", "sys", [(
        "            if (total > job_.max_total) return broken(\"sent too much\");\n",
        "            if (total > (64U << 20U)) return broken(\"is still at it\");\n")]),
    Mutant("message_without_bound", "sys/confined.cpp", "sys", [(
        "        if (length > job.max_message) return broken(\"sent too much\");\n", "        (void)job.max_message;\n")]),
    Mutant("crash_of_the_child_is_an_error", "cli/apart.cpp", "cli", [(
        "    if (first || !is_crash(first.error())) return first;\n    TRY_ASSIGN",
        "    if (first || !first.error().message.empty()) return first;\n    TRY_ASSIGN")]),
    Mutant("crash_blamed_on_half_the_field", "cli/apart.cpp", "cli", [(
        "        if (!is_crash(report.error())) return Failure(std::move(report).error());\n        return split(field);\n",
        "        if (!is_crash(report.error())) return Failure(std::move(report).error());\n        return reject_all(field);\n")]),

    # ---- signals, secrets, texts of others, saved plans, addresses
    Mutant("hang_up_not_noted", "sys/signals.cpp", "sys", [("kNoted{SIGINT, SIGTERM, SIGHUP}", "kNoted{SIGINT, SIGTERM}")]),
    Mutant("gone_reader_kills", "sys/signals.cpp", "sys", [("for (int signal : {SIGPIPE, SIGXFSZ})", "for (int signal : {SIGXFSZ})")]),
    Mutant("file_size_limit_kills", "sys/signals.cpp", "sys", [("for (int signal : {SIGPIPE, SIGXFSZ})", "for (int signal : {SIGPIPE})")]),
    Mutant("diff_shows_unknown_values", "cli/shown_text.cpp", "cli", [(
        "        return has(kDaemonKeys, path_[0]);\n", "        return true;\n")]),
    Mutant("control_characters_printed", "base/strings.cpp", "base", [(
        "    return code < 0x20 || (code >= 0x7F && code < 0xA0) ||", "    return (code >= 0x7F && code < 0xA0) ||")]),
    Mutant("saved_plan_believed", "plan/saved.cpp", "plan", [(
        "           a.after == b.after;\n", "           a.after.present == b.after.present;\n")]),
    Mutant("saved_restart_unseen", "plan/saved.cpp", "plan", [(
        "        if (!is_shown(step, saved))\n", "        if (!is_shown(step, remade))\n")]),
    Mutant("token_from_this_machine", "registry/token.cpp", "registry", [(
        "    if (!may_send_to(registry.host, url->host))\n", "    if (url->host.empty())\n")]),
    Mutant("redirect_to_this_machine", "registry/requests.cpp", "registry", [(
        "    if (!may_send_to(registry.host, target->host))\n", "    if (target->host.empty())\n")]),
    Mutant("credentials_follow_redirects", "registry/requests.cpp", "registry", [(
        "    if (!same_origin(request.url, next.url))\n", "    if (next.url.host.empty())\n")]),
]
