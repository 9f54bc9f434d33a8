// Fibers: who runs when, what waking means, that stacks are used again.
#include "sys/fiber.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace mirrorctl::sys::fiber_test {
namespace {

TEST(Fibers, RunInOrderAndGiveWayOnlyWhereTheyWait) {
    Fibers fibers;
    std::string seen;
    Fiber* first = nullptr;
    fibers.spawn([&] {
        first = fibers.current();
        seen += "a";
        fibers.wait();
        seen += "d";
    });
    fibers.spawn([&] { seen += "b"; });
    EXPECT_EQ(seen, "") << "nothing before run()";
    fibers.run();
    EXPECT_EQ(seen, "ab");
    EXPECT_FALSE(fibers.empty());
    EXPECT_EQ(fibers.current(), nullptr);
    seen += "c";
    fibers.wake(first);
    EXPECT_EQ(seen, "abc") << "waking is not running";
    fibers.run();
    EXPECT_EQ(seen, "abcd");
    EXPECT_TRUE(fibers.empty());
}

TEST(Fibers, AWakeBeforeTheWaitIsNotLost) {
    Fibers fibers;
    int waits = 0;
    Fiber* waiter = nullptr;
    fibers.spawn([&] {
        waiter = fibers.current();
        fibers.wake(fibers.current());
        fibers.wake(fibers.current());
        fibers.wait();
        ++waits;
        fibers.wait();
        ++waits;
    });
    fibers.run();
    EXPECT_EQ(waits, 1) << "twice before is once";
    EXPECT_FALSE(fibers.empty());
    fibers.wake(waiter);
    fibers.run();
    EXPECT_EQ(waits, 2);
}

TEST(Fibers, SpawnedFromInsideRunInTheSameTurn) {
    Fibers fibers;
    int depth = 0;
    std::function<void()> deeper = [&] {
        if (++depth < 100) fibers.spawn(deeper);
    };
    fibers.spawn(deeper);
    fibers.run();
    EXPECT_EQ(depth, 100);
    EXPECT_TRUE(fibers.empty());
}

TEST(Fibers, StacksOfEndedOnesAreUsedAgain) {
    Fibers fibers;
    std::set<Fiber*> used;
    for (int i = 0; i < 1000; ++i) {
        fibers.spawn([&] {
            char local[64 * 1024];
            local[0] = local[sizeof local - 1] = 'x';
            used.insert(fibers.current());
            EXPECT_EQ(local[0], local[sizeof local - 1]);
        });
        fibers.run();
    }
    EXPECT_EQ(used.size(), 1U);
}

}  // namespace
}  // namespace mirrorctl::sys::fiber_test
