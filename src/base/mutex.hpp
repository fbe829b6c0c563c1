#pragma once

#include <mutex>
#include <shared_mutex>

// Locks that clang's thread-safety analysis understands: a member marked GP_GUARDED_BY(mutex_) cannot be touched
// without the lock, and the compiler says so. libstdc++'s own mutexes carry no such marks.
#define GP_CAPABILITY(name) __attribute__((capability(name)))
#define GP_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define GP_GUARDED_BY(mutex) __attribute__((guarded_by(mutex)))
#define GP_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define GP_REQUIRES_SHARED(...) __attribute__((requires_shared_capability(__VA_ARGS__)))
#define GP_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define GP_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define GP_ACQUIRE_SHARED(...) __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define GP_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define GP_RELEASE_SHARED(...) __attribute__((release_shared_capability(__VA_ARGS__)))

namespace gatepost {

class GP_CAPABILITY("mutex") Mutex {
 public:
  void lock() GP_ACQUIRE() { mutex_.lock(); }
  void unlock() GP_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Many readers or one writer.
class GP_CAPABILITY("mutex") SharedMutex {
 public:
  void lock() GP_ACQUIRE() { mutex_.lock(); }
  void unlock() GP_RELEASE() { mutex_.unlock(); }
  void lock_shared() GP_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void unlock_shared() GP_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

// Holds a Mutex, or a SharedMutex as its one writer, for a scope.
template <class M>
class GP_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(M& mutex) GP_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() GP_RELEASE() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  M& mutex_;
};

// Holds a SharedMutex as one of its readers for a scope.
class GP_SCOPED_CAPABILITY SharedLock {
 public:
  explicit SharedLock(SharedMutex& mutex) GP_ACQUIRE_SHARED(mutex) : mutex_(mutex) { mutex_.lock_shared(); }
  ~SharedLock() GP_RELEASE() { mutex_.unlock_shared(); }
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  SharedMutex& mutex_;
};

}  // namespace gatepost
