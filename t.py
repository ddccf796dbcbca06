import time, sys, logging
from pathlib import Path; import attrs, shutil
from elfe.settings import Settings
from elfe.app.demo import *
if __name__=="__main__":
    shutil.rmtree("/tmp/solo/dd", ignore_errors=True)
    s=Settings(data_dir="/tmp/solo/dd")
    t=time.time(); n=[0]
    def watch(now, notes):
        n[0]+=1
        if n[0]%500==0: print(now, round(time.time()-t,1), n[0], notes, flush=True)
    r=play(s, Script(sample_inventory(), homes=int(sys.argv[1]), hours=float(sys.argv[2])), watch)
    print(time.time()-t, n[0])
    for x in r.told: print(x.appliance.name, x.appliance.participant, x.sentence)
    print(attrs.evolve(r, told=()))
