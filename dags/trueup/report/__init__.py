"""What a run left behind, for people and for programs: facts once, then HTML, text, JSON and CSV.

`facts` asks the database, `words` says in sentences what the figures mean, `tables` lays them out
with pandas, `html` and `text` render both, `quarantine` writes the rows to be mended.
"""
