# Its own limits can only be made smaller, and what it makes of them dies with it.
import resource

found = []
for name in [name for name in dir(resource) if name.startswith("RLIMIT_")]:
    kind = getattr(resource, name)
    soft, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        try:
            resource.setrlimit(kind, (soft, hard + 1))
            found.append(name)
        except (OSError, ValueError):
            pass
for name in ("NPROC", "FSIZE", "MEMLOCK", "SIGPENDING", "CORE"):
    resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (0, 0))
print(found or "held", flush=True)
